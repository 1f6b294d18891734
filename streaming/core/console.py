"""The terminal: what comes from users and files is printed as text, never read as markup."""

from rich.console import Console


def text_console(stderr: bool = False, soft_wrap: bool = True, width: int | None = None) -> Console:
    """A console to which `[x]` and `:x:` are text, in tables too; style it with `rich.text.Text`.

    `soft_wrap`: lines are left as long as they are, which tables do not bear. `width` in
    characters; None: the terminal's.
    """
    return Console(
        stderr=stderr, soft_wrap=soft_wrap, width=width, markup=False, emoji=False, highlight=False
    )
