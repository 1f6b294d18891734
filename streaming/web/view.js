// Shows a running call and sends nothing: for OBS's Browser Source. Comes again by itself, for ever; what
// refuses it stands at the foot of the picture until it is let in.

import { gathered } from "./gathered.js";
import { WORDS } from "./messages.js";
import { refusal, token } from "./token.js";

const AGAIN = 2000; // ms between attempts
const ASK_EVERY = 15; // attempts that do not get through; the reason is asked for once in so many
const STALLED = 5000; // ms without a new picture: the connection is as good as lost

const video = document.getElementById("video");
const refused = document.getElementById("refused"); // until here it holds why no script would run
let socket = null;
let peer = null;
let unopened = 0; // attempts in a row that did not even open the socket
let shown = 0; // when the latest picture came

function connect() {
  const address = new URL("view/ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  socket = new WebSocket(address);
  let listened = null;
  socket.onopen = () => {
    unopened = 0;
    send({ type: "token", token });
    listened = setTimeout(say, AGAIN, ""); // whom it refuses, the server tells at once
  };
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = async () => {
    hide();
    clearTimeout(listened);
    setTimeout(connect, AGAIN);
    if (listened === null && unopened++ % ASK_EVERY === 0) say(await refusal());
  };
}

function say(text) {
  refused.textContent = text;
  refused.hidden = !text;
  refused.classList.add("told");
}

function send(message) {
  socket.send(JSON.stringify(message));
}

async function receive(message) {
  if (message.type === "hello") await offer(message.ice_servers);
  if (message.type === "answer") await peer?.setRemoteDescription({ type: "answer", sdp: message.sdp });
  if (message.type === "error") say(inWords(message));
}

function inWords({ code, message }) {
  const { title, text } = WORDS[code] ?? WORDS.refused;
  return `${title}. ${text || message}`;
}

async function offer(iceServers) {
  const current = (peer = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" }));
  const stream = new MediaStream();
  for (const kind of ["audio", "video"]) {
    const { receiver } = current.addTransceiver(kind, { direction: "recvonly" });
    receiver.jitterBufferTarget = receiver.playoutDelayHint = 0;
    stream.addTrack(receiver.track);
  }
  current.onconnectionstatechange = () => current === peer && current.connectionState === "failed" && socket.close();
  await current.setLocalDescription();
  await gathered(current);
  if (current !== peer) return; // the server went away meanwhile
  send({ type: "offer", sdp: current.localDescription.sdp });
  video.srcObject = stream;
  shown = performance.now();
  video.requestVideoFrameCallback(onPicture);
  await play();
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
say("");
connect();
