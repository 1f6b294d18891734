// How long the browser may hold pictures back. After lost or late packets it delays them, and the
// voice with them, for minutes; so the server is told what this line needed while it was calm.

const EVERY = 1000; // ms
const LOOK = 8; // readings that make a judgement
const STEADY = 15; // ms that they may differ by: lip sync takes its time to reach slow loudspeakers
const OTHER = 30; // ms by which other loudspeakers are told
const MARGIN = 30; // ms beyond what was needed
const SPREAD = 3; // what a line holds up at most, in its mean jitter (RFC 3550)
const LEAST = 50; // ms

export class PictureHold {
  #call;
  #outputLatency; // () => ms
  #latency = 0; // as it was when learning began
  #timer;
  #last = null; // totals of the reading before
  #readings = [];
  #calm = null; // the least that was needed so far, {pictures, line} in ms
  #said = 0;

  constructor(call, outputLatency) {
    this.#call = call;
    this.#outputLatency = outputLatency;
    this.#timer = setInterval(() => this.#read(), EVERY);
    call.addEventListener("state", ({ detail }) => detail.state === "live" && this.#forget());
  }

  stop() {
    clearInterval(this.#timer);
  }

  // Another connection, or other loudspeakers, which may want their sound earlier or later.
  #forget() {
    this.#readings = [];
    this.#calm = this.#last = null;
    this.#latency = this.#outputLatency();
    this.#say(0);
  }

  async #read() {
    if (Math.abs(this.#outputLatency() - this.#latency) > OTHER) this.#forget();
    const now = totals((await this.#call.peer?.getStats()) ?? new Map());
    const before = this.#last;
    this.#last = now;
    if (!now || !before || now.pictures <= before.pictures) return;
    const pictures = (1000 * (now.held - before.held)) / (now.pictures - before.pictures);
    this.#readings.push({ pictures, line: 1000 * SPREAD * now.jitter });
    if (this.#readings.length < LOOK) return;
    this.#judge(median(this.#readings, "pictures"), median(this.#readings, "line"));
    this.#readings.shift();
  }

  #judge(pictures, line) {
    const all = this.#readings.map((reading) => reading.pictures);
    const steady = Math.max(...all) - Math.min(...all) < STEADY;
    if (steady && !(this.#calm?.pictures <= pictures)) this.#calm = { pictures, line };
    if (!this.#calm) return;
    const rougher = Math.max(0, line - this.#calm.line);
    this.#say(Math.max(LEAST, this.#calm.pictures + rougher + MARGIN));
  }

  #say(most) {
    const rounded = Math.ceil(most / 10) * 10;
    if (rounded === this.#said) return;
    this.#said = rounded;
    this.#call.signalling?.send({ type: "hold", ms: rounded });
  }
}

// Seconds that pictures were held in all, how many there were, and the voice's jitter in seconds.
function totals(report) {
  const tracks = {};
  for (const entry of report.values()) if (entry.type === "inbound-rtp") tracks[entry.kind] = entry;
  const { audio, video } = tracks;
  if (!audio || !video) return null;
  return { held: video.jitterBufferDelay, pictures: video.jitterBufferEmittedCount, jitter: audio.jitter };
}

function median(readings, name) {
  const values = readings.map((reading) => reading[name]).sort((a, b) => a - b);
  return values[values.length >> 1];
}
