// The speakers to choose from: a radio group of pictures, moved through with the arrow keys.

import { get } from "./token.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

// Event: change, when the viewer chose another speaker.
export class Gallery extends EventTarget {
  chosen = null; // name
  gestures = []; // names of what the chosen one can be asked for
  #element;
  #portraits;

  constructor(element, portraits) {
    super();
    this.#element = element;
    this.#portraits = portraits;
    element.onkeydown = (event) => this.#move(event);
  }

  // Throws an Error whose message is a key of WORDS, also if nobody may be shown.
  async load() {
    const speakers = await (await get("speakers")).json();
    const { speaker: first } = await (await get("healthz")).json();
    for (const speaker of speakers) {
      if (speaker.preview) speaker.preview = URL.createObjectURL(await (await get(speaker.preview)).blob());
    }
    this.#element.replaceChildren(...speakers.map((speaker) => this.#card(speaker)));
    if (!speakers.length) this.#chooseNobody();
    else this.#choose(speakers.find(({ name }) => name === first) ?? speakers[0]);
  }

  #chooseNobody() {
    this.chosen = null;
    this.gestures = [];
    for (const portrait of this.#portraits) portrait.removeAttribute("src");
    this.#portraits[0].alt = "";
    throw new Error("withdrawn");
  }

  #card({ name, preview, gestures }) {
    const button = document.createElement("button");
    const picture = new Image();
    picture.src = preview;
    picture.alt = "";
    button.type = "button";
    button.dataset.name = name;
    button.setAttribute("role", "radio");
    button.append(picture, name);
    button.onclick = () => {
      this.#choose({ name, preview, gestures });
      this.dispatchEvent(new Event("change"));
    };
    return button;
  }

  #choose({ name, preview, gestures }) {
    this.chosen = name;
    this.gestures = gestures;
    for (const portrait of this.#portraits) portrait.src = preview;
    this.#portraits[0].alt = `The speaker ${name}`;
    for (const button of this.#element.children) {
      const chosen = button.dataset.name === name;
      button.setAttribute("aria-checked", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
  }

  #move(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...this.#element.children];
    const next = buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length);
    next.focus();
    next.click();
  }
}
