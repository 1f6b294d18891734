"""The body of a request, read by hand: with a limit, and without waiting for ever."""

import asyncio

from fastapi import HTTPException, Request

from streaming.server.http_protocol import HEAD_LIMIT


async def read_body(request: Request, limit: int, seconds: float | None = None) -> bytes:
    """At most `limit` bytes that come within `seconds`, or the time that heads of requests have.

    Raises HTTPException (408, 413).
    """
    body = b""
    try:
        async with asyncio.timeout(seconds or HEAD_LIMIT):
            async for piece in request.stream():
                body += piece
                if len(body) > limit:
                    raise HTTPException(413, f"the body has at most {limit} bytes here")
    except TimeoutError:
        raise HTTPException(408, "the body did not come in time") from None
    return body


def described(content_type: str, schema: dict[str, object]) -> dict[str, object]:
    """What OpenAPI is told of a body that is read by hand."""
    return {"requestBody": {"required": True, "content": {content_type: {"schema": schema}}}}
