// What the viewer really gets: pictures a second, mouth delay, voice against lips, round trip.
//
// Every picture and every piece of voice carries an RTP time that counts the caller's own samples.
// The server says when sample 0 was due there (epoch) and which RTP time it has (origin), and the
// signalling compares the two clocks; so a picture on screen tells when its sound was spoken.

const RTP_WRAP = 2 ** 32;
const VIDEO_RATE = 90; // RTP ticks a millisecond
const VOICE_RATE = 48;
const CAPTURE = 10; // ms a browser takes to hand over a microphone's samples
const WINDOW = 3000; // ms that a figure looks back

export class Measurements {
  #call;
  #video;
  #outputLatency; // () => ms
  #server = null;
  #shown = []; // [time on screen, media time] of pictures, in ms
  #heard = []; // [time at the ear, media time] of the voice, in ms
  #stopped = false;
  #lateBefore = null;
  latest = {};

  constructor(call, video, outputLatency) {
    this.#call = call;
    this.#video = video;
    this.#outputLatency = outputLatency;
    call.addEventListener("stats", ({ detail }) => (this.#server = detail));
    this.#nextPicture();
  }

  stop() {
    this.#stopped = true;
  }

  // Figures now; each is null while it cannot be known.
  async read() {
    const now = performance.now();
    this.#shown = this.#shown.filter(([time]) => now - time < WINDOW);
    this.#heard = this.#heard.filter(([time]) => now - time < WINDOW);
    const trip = await this.#roundTrip();
    this.latest = {
      fps: this.#fps(),
      mouth: this.#mouthDelay(trip),
      skew: this.#skew(),
      trip,
      late: this.#server?.late ?? null,
      lateNow: this.#lateNow(),
      failing: this.#server?.renderer_failing ?? false,
    };
    return this.latest;
  }

  #nextPicture() {
    if (this.#stopped || !this.#video.requestVideoFrameCallback) return;
    this.#video.requestVideoFrameCallback((now, { expectedDisplayTime, rtpTimestamp }) => {
      const media = this.#media(rtpTimestamp, this.#server?.video_origin, VIDEO_RATE);
      this.#shown.push([expectedDisplayTime, media]);
      this.#noteVoice();
      this.#nextPicture();
    });
  }

  #noteVoice() {
    const source = this.#receiver("audio")?.getSynchronizationSources()[0];
    const media = this.#media(source?.rtpTimestamp, this.#server?.voice_origin, VOICE_RATE);
    if (media === null) return;
    this.#heard.push([source.timestamp - performance.timeOrigin + this.#outputLatency(), media]);
  }

  #media(rtp, origin, rate) {
    if (rtp === undefined || origin == null) return null;
    return ((rtp - origin + RTP_WRAP) % RTP_WRAP) / rate;
  }

  #fps() {
    const first = this.#shown[0];
    const last = this.#shown.at(-1);
    if (this.#shown.length < 5) return null;
    return ((this.#shown.length - 1) * 1000) / (last[0] - first[0]);
  }

  #mouthDelay(trip) {
    const offset = this.#call.signalling?.clockOffset ?? null;
    if (offset === null || trip === null || !this.#server) return null;
    const spokenAt0 = this.#server.epoch_ms - offset - trip / 2 - CAPTURE;
    const lips = median(behind(this.#shown));
    return lips === null ? null : lips - spokenAt0;
  }

  // Positive: the voice comes after the lips.
  #skew() {
    const voice = median(behind(this.#heard));
    const lips = median(behind(this.#shown));
    return voice === null || lips === null ? null : voice - lips;
  }

  #lateNow() {
    const late = this.#server?.late ?? 0;
    const more = this.#lateBefore === null ? 0 : late - this.#lateBefore;
    this.#lateBefore = late;
    return more;
  }

  #receiver(kind) {
    return this.#call.peer?.getReceivers().find(({ track }) => track.kind === kind);
  }

  async #roundTrip() {
    const report = (await this.#call.peer?.getStats()) ?? new Map();
    for (const entry of report.values()) {
      if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) {
        return entry.currentRoundTripTime * 1000;
      }
    }
    return null;
  }
}

// How much later than its media time each one came; those without one are left out.
function behind(events) {
  return events.filter(([, media]) => media !== null).map(([time, media]) => time - media);
}

function median(values) {
  if (!values.length) return null;
  return values.sort((a, b) => a - b)[values.length >> 1];
}
