"""Who is let in where machines of a cluster reach each other."""

import pytest
from fastapi import FastAPI, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from streaming.cluster.private_door import KeyedApp
from streaming.server.errors import POLICY_REFUSED
from streaming.workers.addresses import KEY_HEADER


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.add_api_route("/calls", lambda: "here")

    @app.websocket("/ws")
    async def greet(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    return TestClient(KeyedApp(app, "the key"))


def test_a_machine_of_the_cluster_is_let_in(client: TestClient) -> None:
    key = {KEY_HEADER: "the key"}
    assert client.get("/calls", headers=key).json() == "here"
    with client.websocket_connect("/ws", headers=key) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("key", [{}, {KEY_HEADER: ""}, {KEY_HEADER: "another"}])
def test_a_stranger_is_not(client: TestClient, key: dict[str, str]) -> None:
    assert client.get("/calls", headers=key).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("/ws", headers=key),
    ):
        pass
    assert refused.value.code == POLICY_REFUSED
