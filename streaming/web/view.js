// Shows a running call and sends nothing: for OBS's Browser Source. Comes again by itself, for ever.

import { token } from "./token.js";

const AGAIN = 2000; // ms between attempts
const GATHERING = 1500; // ms the browser has to find its own addresses
const STALLED = 5000; // ms without a new picture: the connection is as good as lost

const video = document.getElementById("video");
let socket = null;
let peer = null;
let shown = 0; // when the latest picture came

function connect() {
  const address = new URL("view/ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  socket = new WebSocket(address);
  socket.onopen = () => send({ type: "token", token });
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = () => {
    hide();
    setTimeout(connect, AGAIN);
  };
}

function send(message) {
  socket.send(JSON.stringify(message));
}

async function receive(message) {
  if (message.type === "hello") await offer(message.ice_servers);
  if (message.type === "answer") await peer?.setRemoteDescription({ type: "answer", sdp: message.sdp });
  if (message.type === "error") console.warn(message.message);
}

async function offer(iceServers) {
  peer = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
  const stream = new MediaStream();
  for (const kind of ["audio", "video"]) {
    const { receiver } = peer.addTransceiver(kind, { direction: "recvonly" });
    receiver.jitterBufferTarget = receiver.playoutDelayHint = 0;
    stream.addTrack(receiver.track);
  }
  const current = peer;
  peer.onconnectionstatechange = () => current === peer && peer.connectionState === "failed" && socket.close();
  await peer.setLocalDescription();
  await gathered(peer);
  send({ type: "offer", sdp: peer.localDescription.sdp });
  video.srcObject = stream;
  shown = performance.now();
  video.requestVideoFrameCallback(onPicture);
  await play();
}

function gathered(connection) {
  return new Promise((resolve) => {
    const done = () => connection.iceGatheringState === "complete" && resolve();
    connection.addEventListener("icegatheringstatechange", done);
    done();
    setTimeout(resolve, GATHERING);
  });
}

// OBS allows sound at once. A browser may want a click first; until then the face is silent.
async function play() {
  try {
    await video.play();
  } catch {
    video.muted = true;
    document.body.onclick = () => (video.muted = false);
    await video.play().catch(() => {});
  }
}

function onPicture(now) {
  shown = now;
  video.classList.add("live");
  video.requestVideoFrameCallback(onPicture);
}

function hide() {
  video.classList.remove("live");
  video.srcObject = null;
  peer?.close();
  peer = null;
}

setInterval(() => peer && !document.hidden && performance.now() - shown > STALLED && socket.close(), 1000);
connect();
