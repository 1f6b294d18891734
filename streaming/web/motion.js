// An example of what can be done with motion as data: a head that nobody filmed says what is said.

import { gathered } from "./gathered.js";
import { Head } from "./head.js";
import { Signalling } from "./signalling.js";
import { SoundSource } from "./sound_source.js";

const FRAME = 3600; // RTP ticks of a picture: 90 kHz, 25 a second
const KEPT = 100; // frames

const part = (id) => document.getElementById(id);
const video = part("video");
const head = new Head(part("head"));
const sound = new SoundSource();
const frames = new Map(); // motion by frame number
let origin = null; // RTP time of frame 0
let call = null;

async function begin(chooseSound) {
  part("speak").disabled = part("sample").disabled = true;
  try {
    await sound.wake();
    await chooseSound();
    call = await connect(sound.track);
    part("stop").disabled = false;
    say("Live");
  } catch (error) {
    end(error.message === "no-server" ? "The server does not answer." : error.message);
  }
}

async function connect(track) {
  const signalling = new Signalling();
  const { ice_servers } = await signalling.open();
  const peer = new RTCPeerConnection({ iceServers: ice_servers, bundlePolicy: "max-bundle" });
  signalling.addEventListener("motion", ({ detail }) => keep(detail));
  signalling.addEventListener("stats", ({ detail }) => (origin = detail.video_origin));
  signalling.addEventListener("answer", ({ detail }) => peer.setRemoteDescription({ type: "answer", sdp: detail.sdp }));
  signalling.addEventListener("error", ({ detail }) => end(detail.message));
  signalling.addEventListener("bye", ({ detail }) => end(detail.reason));
  peer.addTransceiver(track, { direction: "sendrecv" });
  peer.addTransceiver("video", { direction: "recvonly" });
  video.srcObject = new MediaStream();
  peer.ontrack = ({ track: got }) => video.srcObject.addTrack(got);
  await peer.setLocalDescription();
  await gathered(peer);
  signalling.send({ type: "offer", sdp: peer.localDescription.sdp, motion: true });
  return { signalling, peer };
}

function keep(motion) {
  frames.set(motion.frame, motion);
  frames.delete(motion.frame - KEPT);
}

// Each picture says by its time stamp which frame it is, so the drawn head moves with the filmed one.
function show(_, { rtpTimestamp }) {
  video.requestVideoFrameCallback(show);
  if (origin === null || rtpTimestamp === undefined) return;
  const motion = frames.get(Math.round(((rtpTimestamp - origin) >>> 0) / FRAME));
  if (!motion) return;
  head.draw(motion.blendShapes, motion.head);
  const shapes = Object.entries(motion.blendShapes).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  part("numbers").textContent = shapes.join("\n");
}

function end(words) {
  call?.signalling.close();
  call?.peer.close();
  call = null;
  sound.stopPlaying();
  sound.closeMicrophone();
  part("speak").disabled = part("sample").disabled = false;
  part("stop").disabled = true;
  say(words);
}

function say(words) {
  part("state").textContent = words;
}

part("speak").onclick = () => begin(() => sound.openMicrophone());
part("sample").onclick = () => begin(async () => sound.play(await (await fetch("sample.mp3")).arrayBuffer()));
part("stop").onclick = () => end("");
video.requestVideoFrameCallback(show);
head.draw({}, { yaw: 0, pitch: 0, roll: 0 });
