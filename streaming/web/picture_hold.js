// How long the browser may hold pictures back. After lost or late packets it delays them, and the
// voice with them, for minutes; so the server is told what this line needed while it was calm.

const EVERY = 1000; // ms
const LOOK = 8; // readings that make a judgement
const MARGIN = 30; // ms beyond what was needed
const LEAST = 50; // ms

export class PictureHold {
  #call;
  #timer;
  #last = null; // totals of the reading before
  #readings = [];
  #calm = null; // the least that was needed so far, {pictures, line} in ms
  #said = 0;

  constructor(call) {
    this.#call = call;
    this.#timer = setInterval(() => this.#read(), EVERY);
    call.addEventListener("state", ({ detail }) => detail.state === "live" && this.#forget());
    navigator.mediaDevices?.addEventListener("devicechange", this.#forget);
  }

  stop() {
    clearInterval(this.#timer);
    navigator.mediaDevices?.removeEventListener("devicechange", this.#forget);
  }

  // Another connection, or other loudspeakers, which may want their sound earlier or later.
  #forget = () => {
    this.#readings = [];
    this.#calm = this.#last = null;
    this.#say(0);
  };

  async #read() {
    const now = totals((await this.#call.peer?.getStats()) ?? new Map());
    const before = this.#last;
    this.#last = now;
    if (!now || !before || now.pictures <= before.pictures || now.pieces <= before.pieces) return;
    this.#readings.push({
      pictures: (1000 * (now.held - before.held)) / (now.pictures - before.pictures),
      line: (1000 * (now.needed - before.needed)) / (now.pieces - before.pieces),
    });
    if (this.#readings.length < LOOK) return;
    const [pictures, line] = ["pictures", "line"].map((name) => median(this.#readings, name));
    this.#readings.shift();
    if (!this.#calm || pictures < this.#calm.pictures) this.#calm = { pictures, line };
    const rougher = Math.max(0, line - this.#calm.line); // the line itself, by what the voice needs
    this.#say(Math.max(LEAST, this.#calm.pictures + rougher + MARGIN));
  }

  #say(most) {
    const rounded = Math.ceil(most / 10) * 10;
    if (rounded === this.#said) return;
    this.#said = rounded;
    this.#call.signalling?.send({ type: "hold", ms: rounded });
  }
}

// Seconds that pictures were held and that the voice had to be, and how many of each there were.
function totals(report) {
  const tracks = {};
  for (const entry of report.values()) if (entry.type === "inbound-rtp") tracks[entry.kind] = entry;
  const { audio, video } = tracks;
  if (!audio || !video) return null;
  return {
    held: video.jitterBufferDelay,
    pictures: video.jitterBufferEmittedCount,
    needed: audio.jitterBufferMinimumDelay ?? 0,
    pieces: audio.jitterBufferEmittedCount,
  };
}

function median(readings, name) {
  const values = readings.map((reading) => reading[name]).sort((a, b) => a - b);
  return values[values.length >> 1];
}
