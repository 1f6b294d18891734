// One call: signalling and peer connection from Start to Stop. When the line breaks or the network is another, the
// same call goes on over another path if the server still has it, else a new one begins.

import { watchNetwork } from "./network_watch.js";
import { Signalling } from "./signalling.js";
import { refusal } from "./token.js";

const BUFFER_TARGET = 0; // ms the browser should hold pictures and sound back, beyond what it must
const CONNECT_LIMIT = 12000; // ms
const TALK = ["talk.ready", "talk.state", "talk.heard", "talk.said", "talk.error"];
const RETRIES = [500, 1000, 2000, 4000, 8000]; // ms
const COME_BACK_LIMIT = 15000; // ms to go on with the same call, which the server keeps for a while only
const PATH_LIMIT = 3000; // ms for one try
const POLL = 100; // ms
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Events: state {state: connecting|live|reconnecting|ended}, problem {code, text}, stats, speaker,
// leaving {seconds}: the server stops then; and what the server says of a conversation.
export class Call extends EventTarget {
  stream = new MediaStream(); // what comes back: the face and the voice
  signalling = null;
  signedSession = null; // the call's id, if the server signs recordings of it
  peer = null;
  #track;
  #speaker;
  #mode;
  #sender = null;
  #ended = false;
  #attempt = 0;
  #signs = false;
  #waiting = [];
  #unanswered = 0; // offers
  #resume = null; // {session_id, key} of a call that can be come back to
  #connected = false; // once
  #comingBack = false;
  #over = new AbortController();

  // `mode`: talk, a conversation; or mirror, the face speaks with the voice of `track`.
  constructor(track, speaker, mode) {
    super();
    this.#track = track;
    this.#speaker = speaker;
    this.#mode = mode;
  }

  start() {
    this.#tell("state", { state: "connecting" });
    const dead = () => this.#connected && this.signalling?.alive === false;
    watchNetwork({ changed: () => this.#comeBack("lost"), dead, signal: this.#over.signal });
    return this.#connect();
  }

  stop() {
    if (this.#ended) return;
    this.#ended = true;
    this.#over.abort();
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

  turnTo(mode) {
    this.#mode = mode;
    this.signalling?.send({ type: "talk.mode", mode });
  }

  type(text) {
    this.signalling?.send({ type: "talk.text", text });
  }

  // nod, shake, tilt, look or lean
  gesture(name) {
    this.signalling?.send({ type: "gesture", name });
  }

  interrupt() {
    this.signalling?.send({ type: "talk.interrupt" });
  }

  async #connect() {
    const signalling = (this.signalling = new Signalling());
    this.#listen(signalling);
    try {
      const { ice_servers, label, signs_recordings } = await signalling.open();
      this.#signs = signs_recordings ?? false;
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
    signalling.addEventListener("answer", current(({ sdp, session_id, resume }) => this.#answered(sdp, session_id, resume)));
    signalling.addEventListener("stats", current((stats) => this.#tell("stats", stats)));
    signalling.addEventListener("speaker", current((message) => this.#tell("speaker", message)));
    signalling.addEventListener("error", current(({ code, message }) => this.#refused(code, message)));
    for (const type of TALK) signalling.addEventListener(type, current((message) => this.#tell(type, message)));
    signalling.addEventListener("leaving", current(({ seconds }) => this.#tell("leaving", { seconds })));
    signalling.addEventListener("bye", current(({ code, reason }) => this.#dismissed(code, reason)));
    signalling.addEventListener("close", current(() => this.#comeBack("lost")));
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
    peer.onicecandidate = ({ candidate }) => this.#trickle(peer, candidate);
    peer.onconnectionstatechange = () => this.#watch(peer);
    this.#waiting = [];
    await peer.setLocalDescription();
    this.#unanswered = 1;
    const { sdp } = peer.localDescription;
    signalling.send({ type: "offer", sdp, speaker: this.#speaker, mode: this.#mode });
    setTimeout(() => {
      if (this.peer === peer && !this.#connected) this.#broken("no-route");
    }, CONNECT_LIMIT);
  }

  // Go on with the same call over another path; where that cannot be, `code` says what is wrong with it.
  async #comeBack(code) {
    if (this.#ended || this.#comingBack) return;
    this.#comingBack = true;
    const until = performance.now() + COME_BACK_LIMIT;
    let back = false;
    while (!back && this.#connected && this.#resume && performance.now() < until) {
      back = await this.#tryPath(this.peer).catch(() => this.#waitForServer());
    }
    this.#comingBack = false;
    if (this.#ended) return;
    if (back) this.#tell("state", { state: "live" });
    else this.#broken(code);
  }

  // Pictures may still come, but nobody is there who could mend what breaks.
  #waitForServer() {
    if (!this.#ended) this.#tell("state", { state: "reconnecting" });
    return pause(PATH_LIMIT / 4);
  }

  // Whether the call goes on; throws an Error if the server cannot be reached.
  async #tryPath(peer) {
    if (peer.connectionState !== "connected") this.#tell("state", { state: "reconnecting" });
    const anew = !this.signalling.alive;
    if (anew) await this.#openAnother();
    this.#waiting = [];
    await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
    const { sdp } = peer.localDescription;
    this.#unanswered++;
    if (anew) this.signalling.send({ type: "resume", session_id: this.#resume.session_id, key: this.#resume.key, sdp });
    else this.signalling.send({ type: "offer", sdp });
    const until = performance.now() + PATH_LIMIT;
    while (performance.now() < until && this.#resume && !this.#ended) {
      await pause(POLL);
      if (!this.#unanswered && peer.connectionState === "connected") return true;
    }
    return false;
  }

  async #openAnother() {
    this.signalling.drop();
    this.signalling = new Signalling();
    this.#unanswered = 0;
    this.#listen(this.signalling);
    await this.signalling.open(PATH_LIMIT);
  }

  #take(track) {
    for (const old of this.stream.getTracks()) {
      if (old.kind === track.kind) this.stream.removeTrack(old);
    }
    this.stream.addTrack(track);
  }

  // The server knows the call only once it has answered; candidates wait until then.
  #trickle(peer, candidate) {
    if (peer !== this.peer) return;
    const message = {
      type: "candidate",
      candidate: candidate?.candidate ?? "",
      sdpMid: candidate?.sdpMid ?? null,
      sdpMLineIndex: candidate?.sdpMLineIndex ?? null,
    };
    if (this.#waiting) this.#waiting.push(message);
    else this.signalling.send(message);
  }

  async #answered(sdp, sessionId, key) {
    this.signedSession = this.#signs ? sessionId : null;
    this.#resume = key ? { session_id: sessionId, key } : null;
    if (--this.#unanswered) return; // a later offer is under way
    await this.peer.setRemoteDescription({ type: "answer", sdp });
    for (const message of this.#waiting) this.signalling.send(message);
    this.#waiting = null;
  }

  #watch(peer) {
    if (peer !== this.peer || this.#ended) return;
    if (peer.connectionState === "connected") {
      this.#attempt = 0;
      this.#connected = true;
      this.#tell("state", { state: "live" });
    } else if (["disconnected", "failed"].includes(peer.connectionState)) {
      this.#comeBack("no-route");
    }
  }

  #dismissed(code, reason) {
    this.#resume = null;
    if (code === "stopping") this.#fail("stopping");
    if (code === "withdrawn") this.#fail("withdrawn", reason);
  }

  #refused(code, text) {
    if (["malformed", "gesture"].includes(code)) return;
    if (this.#comingBack && ["gone", "refused"].includes(code)) {
      this.#resume = null;
      return;
    }
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
    this.signalling = this.peer = this.#sender = this.#resume = null;
    this.#connected = false;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
