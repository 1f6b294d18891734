"""A real nginx before a server, with the block that docs/security.md gives."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.streaming.support.certificate import make_certificate
from tests.streaming.support.polling import wait_until

DOCUMENTED = Path(__file__).parents[3] / "docs" / "security.md"


def documented_block() -> str:
    """The `location` of the documentation, as it stands there."""
    found = re.search(r"^    location / \{.*?^    \}$", DOCUMENTED.read_text(), re.M | re.S)
    assert found
    return found[0]


@contextmanager
def nginx(folder: Path, locations: str) -> Iterator[str]:
    """Its https address; `locations`: what stands in its server block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    certificate, key = make_certificate(folder)
    paths = "".join(
        f"{what}_temp_path {folder}/{what};"
        for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(f"""pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off;
events {{}}
http {{ access_log off; {paths}
server {{ listen 127.0.0.1:{port} ssl; server_name localhost;
ssl_certificate {certificate}; ssl_certificate_key {key};
{locations}
}} }}""")
    process = subprocess.Popen(["nginx", "-c", str(config), "-e", f"{folder}/error.log"])
    try:
        wait_until(lambda: _answers(port))
        yield f"https://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
