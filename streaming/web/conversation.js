// A conversation as it goes: what either side says, growing as it is heard, and what the digital human does.

import { SIDES } from "./messages.js";

// Events: state; line {line}: it is new, has grown, or is gone since it turned out to be nothing.
export class Conversation extends EventTarget {
  lines = []; // {side, name, text, final, interrupted, at (Date)}; sides are the keys of SIDES
  #ready = null;
  #state = null;
  #reached = false;
  #growing = new Map(); // lines that are not final, by side and id
  #speaker; // () => name

  constructor(speaker) {
    super();
    this.#speaker = speaker;
  }

  // The server's talk.ready; null: nobody listens.
  get ready() {
    return this.#reached ? this.#ready : null;
  }

  // listening, heard-speech, thinking, speaking or over; null: nobody listens.
  get state() {
    return this.#reached ? this.#state : null;
  }

  // Whether sound and pictures get through; a conversation outlives that they do not for a while.
  set reached(reached) {
    this.#reached = reached;
    this.dispatchEvent(new Event("state"));
  }

  // A new conversation, in this call.
  follow(call) {
    this.lines = [];
    call.addEventListener("talk.ready", ({ detail }) => this.#begin(detail));
    call.addEventListener("talk.state", ({ detail }) => this.#ready && this.#turn(detail.state));
    call.addEventListener("talk.heard", ({ detail }) => this.#ready && this.#grow("you", detail));
    call.addEventListener("talk.said", ({ detail }) => this.#ready && this.#grow("face", detail));
    call.addEventListener("talk.error", ({ detail }) => this.#note(detail.message));
  }

  // It is over: so is the call, or the face speaks with the caller's voice.
  end() {
    this.#finish("");
    this.#ready = null;
    this.#turn(null);
  }

  #begin(ready) {
    this.#finish(""); // what another conversation left
    this.#ready = ready;
    this.#turn("listening");
  }

  #turn(state) {
    this.#state = state;
    this.dispatchEvent(new Event("state"));
  }

  #grow(side, { id, text, final, interrupted = false }) {
    const key = `${side} ${id}`;
    const known = this.#growing.get(key);
    if (!known && !text.trim()) return;
    if (!known) this.#finish(side); // its end may have been lost with the connection
    const line = known ?? this.#add(side);
    Object.assign(line, { text, final, interrupted });
    if (final) this.#growing.delete(key);
    else this.#growing.set(key, line);
    this.#tell(line);
  }

  // The lines of one side, or of all ("").
  #finish(side) {
    for (const [key, line] of this.#growing) {
      if (!key.startsWith(side)) continue;
      this.#growing.delete(key);
      this.#tell(Object.assign(line, { final: true }));
    }
  }

  #note(text) {
    this.#tell(Object.assign(this.#add("trouble"), { text, final: true }));
  }

  #add(side) {
    const name = SIDES[side] || this.#speaker();
    const line = { side, name, text: "", final: false, interrupted: false, at: new Date() };
    this.lines.push(line);
    return line;
  }

  #tell(line) {
    if (line.final && !line.text.trim()) this.lines.splice(this.lines.indexOf(line), 1);
    this.dispatchEvent(new CustomEvent("line", { detail: { line } }));
  }
}
