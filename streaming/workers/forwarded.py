"""What a worker is told of a request beyond what the caller said: who asks, and how."""

from starlette.requests import HTTPConnection

from streaming.security.access import address_of
from streaming.workers.addresses import KEY_HEADER

SECURE = ("https", "wss")
OURS = ("x-forwarded-for", "x-forwarded-proto", KEY_HEADER)
OF_THIS_LEG = ("connection", "keep-alive", "upgrade", "te", "expect")


def forwarded_headers(connection: HTTPConnection) -> list[tuple[str, str]]:
    """The caller's headers, but for those that belong to one leg of the way."""
    kept = [
        (name, value)
        for name, value in connection.headers.items()
        if name not in (*OURS, *OF_THIS_LEG) and not name.startswith("sec-websocket-")
    ]
    scheme = "https" if connection.url.scheme in SECURE else "http"
    address = [("x-forwarded-for", address_of(connection))] if address_of(connection) else []
    return [*kept, *address, ("x-forwarded-proto", scheme)]
