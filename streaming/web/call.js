// One call: signalling and peer connection from Start to Stop, reconnecting when the line breaks.

import { Signalling } from "./signalling.js";
import { refusal } from "./token.js";

const BUFFER_TARGET = 0; // ms the browser should hold pictures and sound back, beyond what it must
const CONNECT_LIMIT = 12000; // ms
const RETRIES = [500, 1000, 2000, 4000, 8000]; // ms

// Events: state {state: connecting|live|reconnecting|ended}, problem {code, text}, stats, speaker,
// leaving {seconds}: the server stops then.
export class Call extends EventTarget {
  stream = new MediaStream(); // what comes back: the face and the voice
  signalling = null;
  peer = null;
  #track;
  #speaker;
  #sender = null;
  #ended = false;
  #attempt = 0;
  #waiting = [];

  constructor(track, speaker) {
    super();
    this.#track = track;
    this.#speaker = speaker;
  }

  start() {
    this.#tell("state", { state: "connecting" });
    return this.#connect();
  }

  stop() {
    if (this.#ended) return;
    this.#ended = true;
    this.#hangUp();
    this.#tell("state", { state: "ended" });
  }

  // Send other sound from now on; the call goes on.
  async speakWith(track) {
    this.#track = track;
    await this.#sender?.replaceTrack(track);
  }

  show(speaker) {
    this.#speaker = speaker;
    this.signalling?.send({ type: "speaker", name: speaker });
  }

  async #connect() {
    const signalling = (this.signalling = new Signalling());
    this.#listen(signalling);
    try {
      const { ice_servers, label } = await signalling.open();
      this.#tell("label", { label });
      await this.#offer(signalling, ice_servers);
    } catch (error) {
      const words = error.message === "no-server" ? await refusal() : "";
      if (words && this.signalling === signalling) this.#fail("refused", words);
      else if (this.signalling === signalling) this.#broken(error.message === "no-server" ? "no-server" : "lost");
    }
  }

  #listen(signalling) {
    const current = (handle) => (event) => {
      if (this.signalling === signalling && !this.#ended) handle(event.detail ?? {});
    };
    signalling.addEventListener("answer", current(({ sdp }) => this.#answered(sdp)));
    signalling.addEventListener("stats", current((stats) => this.#tell("stats", stats)));
    signalling.addEventListener("speaker", current((message) => this.#tell("speaker", message)));
    signalling.addEventListener("error", current(({ code, message }) => this.#refused(code, message)));
    signalling.addEventListener("leaving", current(({ seconds }) => this.#tell("leaving", { seconds })));
    signalling.addEventListener("bye", current(({ code }) => code === "stopping" && this.#fail("stopping")));
    signalling.addEventListener("close", current(() => this.#broken("lost")));
  }

  async #offer(signalling, iceServers) {
    const peer = (this.peer = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" }));
    const sound = peer.addTransceiver(this.#track, { direction: "sendrecv" });
    const picture = peer.addTransceiver("video", { direction: "recvonly" });
    this.#sender = sound.sender;
    for (const { receiver } of [sound, picture]) {
      receiver.jitterBufferTarget = BUFFER_TARGET;
      receiver.playoutDelayHint = BUFFER_TARGET / 1000;
    }
    peer.ontrack = ({ track }) => this.#take(track);
    peer.onicecandidate = ({ candidate }) => this.#trickle(signalling, candidate);
    peer.onconnectionstatechange = () => this.#watch(peer);
    this.#waiting = [];
    await peer.setLocalDescription();
    signalling.send({ type: "offer", sdp: peer.localDescription.sdp, speaker: this.#speaker });
    setTimeout(() => {
      if (this.peer === peer && peer.connectionState !== "connected") this.#broken("no-route");
    }, CONNECT_LIMIT);
  }

  #take(track) {
    for (const old of this.stream.getTracks()) {
      if (old.kind === track.kind) this.stream.removeTrack(old);
    }
    this.stream.addTrack(track);
  }

  // The server knows the call only once it has answered; candidates wait until then.
  #trickle(signalling, candidate) {
    const message = {
      type: "candidate",
      candidate: candidate?.candidate ?? "",
      sdpMid: candidate?.sdpMid ?? null,
      sdpMLineIndex: candidate?.sdpMLineIndex ?? null,
    };
    if (this.#waiting) this.#waiting.push(message);
    else signalling.send(message);
  }

  async #answered(sdp) {
    await this.peer.setRemoteDescription({ type: "answer", sdp });
    for (const message of this.#waiting) this.signalling.send(message);
    this.#waiting = null;
  }

  #watch(peer) {
    if (peer !== this.peer || this.#ended) return;
    if (peer.connectionState === "connected") {
      this.#attempt = 0;
      this.#tell("state", { state: "live" });
    } else if (peer.connectionState === "failed") {
      this.#broken("no-route");
    }
  }

  #refused(code, text) {
    if (code === "malformed") return;
    this.#fail(code, code === "full" ? "" : text);
  }

  #broken(code) {
    if (this.#ended) return;
    this.#hangUp();
    const wait = RETRIES[this.#attempt++];
    const wasLive = this.stream.getTracks().length > 0;
    if (!wasLive || wait === undefined) {
      this.#fail(code);
      return;
    }
    this.#tell("state", { state: "reconnecting" });
    setTimeout(() => this.#ended || this.#connect(), wait);
  }

  #fail(code, text = "") {
    this.#tell("problem", { code, text });
    this.stop();
  }

  #hangUp() {
    this.signalling?.close();
    this.peer?.close();
    this.signalling = this.peer = this.#sender = null;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
