// What the page shows of a conversation: the switch to it, captions of both sides, the text field, where it all goes.

import { DEAF, DOING, MODE_HINTS, consent } from "./messages.js";
import { get } from "./token.js";
import { saveTranscript } from "./transcript.js";

const NEAR_END = 40; // px from the last caption within which the newest one is followed
const CAN_BE_INTERRUPTED = ["thinking", "speaking"];
const $ = (id) => document.getElementById(id);

// Events: mode: the viewer chose another; begin: typed while there is no call; say {text}; interrupt.
export class TalkPanel extends EventTarget {
  mode = "mirror";
  offer = null; // what the server says of the conversation that it holds; null: it holds none
  #conversation;
  #hears; // () => whether a microphone is open
  #rows = new Map(); // line -> its element
  #waiting = false; // a typed text, for the conversation to begin

  constructor(conversation, hears) {
    super();
    this.#conversation = conversation;
    this.#hears = hears;
    conversation.addEventListener("state", () => this.#onState());
    conversation.addEventListener("line", ({ detail }) => this.#onLine(detail.line));
    $("modes").onchange = ({ target }) => this.#choose(target.value);
    $("typed").onsubmit = (event) => this.#onSubmit(event);
    $("interrupt").onclick = () => this.interrupt();
    $("keep").onclick = () => saveTranscript(conversation.lines);
  }

  // Where the server holds a conversation, Talk is what Start begins.
  async load() {
    this.offer = await (await get("talk")).json();
    if (!this.offer) return;
    $("talk").hidden = false;
    this.#choose("talk");
  }

  get needsMicrophone() {
    return this.mode === "mirror" || this.offer.kind !== "reader";
  }

  get goesElsewhere() {
    return this.mode === "talk" && this.offer.kind === "agent";
  }

  get canType() {
    return this.mode === "talk" && (this.#conversation.ready?.can_type ?? this.offer.kind !== "echo");
  }

  get typing() {
    return document.activeElement === $("text");
  }

  interrupt() {
    if (CAN_BE_INTERRUPTED.includes(this.#conversation.state)) this.dispatchEvent(new Event("interrupt"));
  }

  // A new conversation: the captions of the last one go.
  clear() {
    this.#rows.clear();
    $("captions").replaceChildren();
    this.#drawCaptions();
  }

  drawState() {
    const { state } = this.#conversation;
    $("doing").hidden = $("interrupt").hidden = !state;
    $("doing").dataset.state = state ?? "";
    $("doing-words").textContent = state === "listening" && !this.#hears() ? DEAF : DOING[state] ?? "";
    $("interrupt").setAttribute("aria-disabled", !CAN_BE_INTERRUPTED.includes(state));
    $("typed").hidden = !this.canType;
  }

  #choose(mode) {
    this.mode = mode;
    for (const choice of $("modes").querySelectorAll("input")) choice.checked = choice.value === mode;
    $("mode-hint").textContent = MODE_HINTS[mode === "talk" ? this.offer.kind : mode];
    $("conversation").hidden = mode !== "talk";
    document.body.classList.toggle("talking", mode === "talk");
    this.#drawConsent();
    this.drawState();
    this.#drawCaptions();
    this.dispatchEvent(new Event("mode"));
  }

  // It describes the Start button, so it must be empty where it does not hold.
  #drawConsent() {
    const known = this.#conversation.ready ?? this.offer;
    $("consent").textContent = this.mode === "talk" ? consent(known).join(" ") : "";
  }

  #onSubmit(event) {
    event.preventDefault();
    $("text").focus();
    this.#submit();
  }

  #submit() {
    const text = $("text").value.trim();
    if (!text) return;
    this.#waiting = !this.#conversation.ready;
    if (this.#waiting) {
      this.dispatchEvent(new Event("begin"));
      return;
    }
    $("text").value = "";
    this.dispatchEvent(new CustomEvent("say", { detail: { text } }));
  }

  #onState() {
    const { ready } = this.#conversation;
    if (ready) {
      this.#drawConsent();
      $("captions").lang = ready.languages.length === 1 ? ready.languages[0] : "";
      if (this.#waiting) this.#submit();
    }
    this.drawState();
    this.#drawCaptions();
  }

  // Captions grow unheard by screen readers; a line that is final comes anew, and is read out.
  #onLine(line) {
    const log = $("captions");
    const follow = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    const old = this.#rows.get(line);
    const now = this.#conversation.lines.includes(line) ? row(line) : null;
    if (!now) old?.remove();
    else if (old) old.replaceWith(now);
    else log.append(now);
    this.#rows.set(line, now);
    this.#drawCaptions();
    if (follow) log.scrollTop = log.scrollHeight;
  }

  #drawCaptions() {
    const { lines, state } = this.#conversation;
    const last = lines.at(-1);
    $("captions").tabIndex = lines.length ? 0 : -1;
    $("keep").hidden = !lines.length;
    $("subtitle").hidden = !last || !state;
    $("subtitle-text").textContent = last ? `${last.name}: ${last.text}` : "";
  }
}

function row({ side, name, text, final, interrupted }) {
  const line = document.createElement("p");
  const words = document.createElement("span");
  line.className = side;
  if (!final) line.setAttribute("aria-hidden", "true");
  words.dir = "auto";
  words.textContent = text;
  line.append(bold(`${name}: `), words, interrupted ? " (interrupted)" : "");
  return line;
}

function bold(text) {
  const element = document.createElement("b");
  element.textContent = text;
  return element;
}
