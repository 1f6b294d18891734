"""What a page of a call with motion is told of the head."""

from tests.streaming.support.page_socket import Page


async def turned(page: Page) -> dict[str, float]:
    """Angles of the head, once one of them is more than a degree."""
    while True:
        head: dict[str, float] = (await page.expect("motion"))["head"]
        if max(map(abs, head.values())) > 1:
            return head


async def at_rest(page: Page) -> None:
    while any((await page.expect("motion"))["head"].values()):
        pass
