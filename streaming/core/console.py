"""The terminal: what comes from users and files is printed as text, never read as markup."""

import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

# Those of C0 and C1 but tab and newline, and what turns the direction of writing: they would move
# the cursor, colour the terminal or show other words than are there.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class TextConsole(Console):
    """Leaves control characters out of all text; colours and bars have their own."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """See `rich.console.Console.render`."""
        for segment in super().render(renderable, options):
            if segment.control or not CONTROL.search(segment.text):
                yield segment
            else:
                yield Segment(CONTROL.sub("", segment.text), segment.style)


def text_console(stderr: bool = False, soft_wrap: bool = True, width: int | None = None) -> Console:
    """A console to which `[x]` and `:x:` are text, in tables too; style it with `rich.text.Text`.

    `soft_wrap`: lines are left as long as they are, which tables do not bear. `width` in
    characters; None: the terminal's.
    """
    return TextConsole(
        stderr=stderr, soft_wrap=soft_wrap, width=width, markup=False, emoji=False, highlight=False
    )
