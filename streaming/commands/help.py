"""Help that fits 80 columns: the names of options and types stay narrow, the words get the rest."""

import re
from typing import Any, get_type_hints

from typer.core import TyperCommand


class Command(TyperCommand):
    """A command in whose help flags have no type, others a short one, and `--[no-]x` is one."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """See `click.Command.format_help`."""
        types = get_type_hints(self.callback)
        for option in self.get_params(ctx):
            if option.param_type_name != "option":
                continue
            if option.metavar is None:
                option.metavar = _word(str(types.get(option.name, bool)))
            if option.secondary_opts:
                option.opts = [f"--[no-]{option.opts[0].removeprefix('--')}"]
                option.secondary_opts = []
        super().format_help(ctx, formatter)


def _word(annotation: str) -> str:
    if re.search(r"\bbool\b", annotation):
        return ""
    if re.search(r"\b(int|float)\b", annotation):
        return "N"
    return "PATH" if re.search(r"\bPath\b", annotation) else "TEXT"
