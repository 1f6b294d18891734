// After lost or late packets a browser goes on holding sound and pictures back, by 50 ms and more,
// for minutes. Once the line is calm again it receives them anew, with an empty memory.

const EVERY = 1000; // ms
const LOOK = 8; // readings of a calm line that make a judgement
const CALM = 0.01; // seconds of jitter
const ENOUGH = 45; // ms that a browser needs to hold anything back on a calm line
const QUIET = 0.01; // level of the voice below which nobody misses a tenth of a second of it
const PATIENCE = 5; // readings to wait for a pause in the voice

export class FreshReceivers {
  #peer;
  #timer;
  #last = null; // statistics of the reading before
  #held = []; // ms that had to be held back, one a reading of a calm line
  #enough = ENOUGH; // more, where a fresh start did not help
  #started = false; // anew, and not judged since
  #waited = 0;

  // Of a connection whose answer has been taken.
  constructor(peer) {
    this.#peer = peer;
    this.#timer = setInterval(() => this.#read(), EVERY);
  }

  stop() {
    clearInterval(this.#timer);
  }

  async #read() {
    const now = received(await this.#peer.getStats());
    const before = this.#last;
    this.#last = now;
    if (!now || !before) return;
    if (now.audio.packetsLost !== before.audio.packetsLost || now.audio.jitter > CALM) {
      this.#held = [];
      return;
    }
    const held = Math.max(...["audio", "video"].map((kind) => needed(now[kind], before[kind])));
    if (Number.isNaN(held)) return;
    this.#held.push(held);
    if (this.#held.length < LOOK) return;
    this.#judge([...this.#held].sort((a, b) => a - b)[LOOK >> 1], now.audio.audioLevel);
    this.#held.shift();
  }

  #judge(held, level) {
    if (this.#started) this.#enough = Math.max(ENOUGH, held);
    this.#started = false;
    if (held <= this.#enough) this.#waited = 0;
    else if (level <= QUIET || ++this.#waited > PATIENCE) this.#startAnew();
  }

  #startAnew() {
    this.#held = [];
    this.#last = null;
    this.#started = true;
    this.#waited = 0;
    receiveAnew(this.#peer);
  }
}

// The server is not asked: its answer is read as if it sent nothing, and then as it was.
async function receiveAnew(peer) {
  const answer = peer.remoteDescription.sdp;
  for (const sdp of [silent(answer), answer]) {
    if (peer.signalingState !== "stable") return;
    await peer.setLocalDescription();
    await peer.setRemoteDescription({ type: "answer", sdp });
  }
}

function silent(answer) {
  const muted = answer.replaceAll("a=sendrecv", "a=recvonly").replaceAll("a=sendonly", "a=inactive");
  return muted.replace(/^a=(msid|ssrc|ssrc-group):.*\r?\n/gm, "");
}

function received(report) {
  const tracks = {};
  for (const entry of report.values()) if (entry.type === "inbound-rtp") tracks[entry.kind] = entry;
  return tracks.audio && tracks.video ? tracks : null;
}

// What the line alone makes the browser hold back, ms; elsewhere what it does hold back.
function needed(now, before) {
  const name = "jitterBufferMinimumDelay" in now ? "jitterBufferMinimumDelay" : "jitterBufferDelay";
  return (1000 * (now[name] - before[name])) / (now.jitterBufferEmittedCount - before.jitterBufferEmittedCount);
}
