"""The tables of messages in docs/live.md: `python -m tests.streaming.support.message_table`."""

from typing import Any, Literal, get_args, get_origin

from streaming.webrtc.messages import FromPage, Message, ToPage


def models(union: Any) -> tuple[type[Message], ...]:
    """The messages of one direction."""
    return get_args(get_args(union)[0])


def kind(model: type[Message]) -> str:
    return str(model.model_fields["type"].default)


def table(title: str, union: Any) -> str:
    """Markdown: one row a message; `?` marks what may be absent."""
    rows = [
        f"| `{kind(model)}` | {'; '.join(_fields(model))} | {(model.__doc__ or '').rstrip('.')} |"
        for model in models(union)
    ]
    return "\n".join([f"| {title} | | |", "|---|---|---|", *rows]) + "\n"


def _fields(model: type[Message]) -> list[str]:
    fields = []
    for name, field in model.model_fields.items():
        if name != "type":
            choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
            said = [*(f"`{choice}`" for choice in choices), *filter(None, [field.description])]
            named = f"`{name}`" if field.is_required() else f"`{name}?`"
            fields.append(f"{named}: {', '.join(said)}" if said else named)
    return fields


def tables() -> str:
    return table("from the page", FromPage) + "\n" + table("to the page", ToPage)


if __name__ == "__main__":
    print(tables())
