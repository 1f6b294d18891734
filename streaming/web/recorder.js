// A call to keep: recorded to a file, or one picture of it; both carry the label that the page shows.

import { token } from "./token.js";

const FORMATS = ["video/mp4;codecs=avc1,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const BITS = { videoBitsPerSecond: 2_500_000, audioBitsPerSecond: 96_000 }; // a second
const LABEL = 0.07; // of the picture's shorter side, as in films
const LEAST = 16; // pixels of the label's height
const MARGIN = 0.25; // of it, to the picture's edges
const AGAIN = 10_000; // ms until a busy server is asked once more
const TRIES = 6;

// Event: unsigned {text}: the recording is saved as it is, and why.
export class Recorder extends EventTarget {
  label = false; // whether pictures are labelled
  #recorder = null;
  #picture = new Image(); // of the label

  constructor() {
    super();
    this.#picture.src = "label.png";
  }

  get running() {
    return this.#recorder !== null;
  }

  // `session`: the call whose recording the server signs; null: it signs none. Throws if this browser cannot record.
  start(stream, session) {
    const mimeType = FORMATS.find((format) => MediaRecorder.isTypeSupported(format));
    const pieces = [];
    const pictures = labelled(stream.getVideoTracks()[0], (pen) => this.#draw(pen));
    const tracks = [pictures.track, ...stream.getAudioTracks()];
    const recorder = new MediaRecorder(new MediaStream(tracks), { mimeType, ...BITS });
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onstop = () => {
      pictures.stop();
      this.#keep(new Blob(pieces, { type: recorder.mimeType.split(";")[0] }), session);
    };
    recorder.start(1000);
    this.#recorder = recorder;
  }

  stop() {
    if (this.#recorder && this.#recorder.state !== "inactive") this.#recorder.stop();
    this.#recorder = null;
  }

  screenshot(video) {
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    copy(pen, video, video.videoWidth, video.videoHeight);
    this.#draw(pen);
    canvas.toBlob((blob) => save(blob, "png"), "image/png");
  }

  async #keep(recording, session) {
    let film = recording;
    try {
      if (session) film = await signed(recording, session);
    } catch (error) {
      this.dispatchEvent(new CustomEvent("unsigned", { detail: { text: error.message } }));
    }
    save(film, film.type === "video/mp4" ? "mp4" : "webm");
  }

  #draw(pen) {
    if (!this.label || !this.#picture.naturalWidth) return;
    const { width, height } = pen.canvas;
    const rows = Math.max(LEAST, LABEL * Math.min(width, height));
    const columns = (rows * this.#picture.naturalWidth) / this.#picture.naturalHeight;
    pen.drawImage(this.#picture, width - columns - MARGIN * rows, MARGIN * rows, columns, rows);
  }
}

// A track of the pictures of `track` with `draw` on each. Chromium hands them over one by one, in a hidden tab too;
// elsewhere what a video element shows is copied.
function labelled(track, draw) {
  const own = track.clone();
  const made = "MediaStreamTrackGenerator" in window ? transformed(own, draw) : copied(own, draw);
  return { track: made, stop: () => [own, made].forEach((one) => one.stop()) };
}

function transformed(track, draw) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  const generator = new MediaStreamTrackGenerator({ kind: "video" });
  const transform = (frame, controller) => {
    copy(pen, frame, frame.displayWidth, frame.displayHeight);
    draw(pen);
    controller.enqueue(new VideoFrame(pen.canvas, { timestamp: frame.timestamp }));
    frame.close();
  };
  const frames = new MediaStreamTrackProcessor({ track }).readable;
  frames.pipeThrough(new TransformStream({ transform })).pipeTo(generator.writable).catch(() => {});
  return generator;
}

function copied(track, draw) {
  const video = document.createElement("video");
  const pen = document.createElement("canvas").getContext("2d");
  const onPicture = () => {
    copy(pen, video, video.videoWidth, video.videoHeight);
    draw(pen);
    video.requestVideoFrameCallback(onPicture);
  };
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  video.requestVideoFrameCallback(onPicture);
  video.play();
  return pen.canvas.captureStream().getVideoTracks()[0];
}

function copy(pen, source, width, height) {
  const { canvas } = pen;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  pen.drawImage(source, 0, 0);
}

// The recording as a film that says, signed by the server, that it is synthetic. Throws an Error that says why not.
async function signed(recording, session) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  for (let tries = 1; ; tries++) {
    const response = await fetch(`recording?session=${session}`, { method: "POST", body: recording, headers }).catch(() => null);
    if (response?.ok) return response.blob();
    const busy = response?.status === 429 || response?.status === 503;
    const { detail } = (await response?.json().catch(() => null)) ?? {};
    if (!busy || tries === TRIES) throw new Error(typeof detail === "string" ? `The server says: ${detail}.` : "The server cannot be reached.");
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

function save(blob, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `speech2lip-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
