"""A WHEP player in Chromium, of the twenty lines that players have: an agent speaks to it."""

from typing import Any

import pytest

from streaming.core.config import ServeConfig
from tests.streaming.support.browser import MOUTH, first_picture
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.polling import wait_until

PLAY = """async () => {
  const peer = new RTCPeerConnection();
  for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
  const video = document.body.appendChild(document.createElement("video"));
  Object.assign(video, { id: "video", muted: true, autoplay: true, srcObject: new MediaStream() });
  peer.ontrack = ({ track }) => video.srcObject.addTrack(track);
  await peer.setLocalDescription();
  await new Promise((done) => {
    const look = () => peer.iceGatheringState === "complete" && done();
    peer.onicegatheringstatechange = look;
    look();
  });
  const answer = await fetch("/whep/bar", {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: peer.localDescription.sdp,
  });
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  return answer.headers.get("location");
}"""
SPEAK = """() => {
  const pcm = Int16Array.from({ length: 24000 }, (_, i) => 12000 * Math.sin(i / 20));
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/speak");
  socket.onmessage = ({ data }) => {
    if (JSON.parse(data).type !== "session.ready") return;
    for (let second = 0; second < 5; second++) socket.send(pcm);
  };
}"""
BRIGHTEST = """() => {
  const video = document.getElementById("video");
  const pen = new OffscreenCanvas(80, 60).getContext("2d");
  pen.drawImage(video, video.videoWidth - 80, 0, 80, 60, 0, 0, 80, 60);
  return Math.max(...pen.getImageData(0, 0, 80, 60).data.filter((_, i) => i % 4 !== 3));
}"""


@pytest.fixture(scope="module")
def server_config() -> ServeConfig:
    return ServeConfig(max_sessions=1)


def test_a_player_shows_the_face_its_label_and_what_an_agent_says(
    server: LiveServer, browser: Any
) -> None:
    page = browser.new_page()
    page.goto(server.address + "/healthz")
    location = page.evaluate(PLAY)
    first_picture(page)
    page.wait_for_timeout(1000)
    assert page.evaluate(BRIGHTEST) > 200, "the letters of the label"
    rest = page.evaluate(MOUTH)
    page.evaluate(SPEAK)
    wait_until(lambda: page.evaluate(MOUTH) > rest + 20)
    page.evaluate("(location) => fetch(location, { method: 'DELETE' })", location)
    wait_until(lambda: server.sessions() == 0)
    page.close()
