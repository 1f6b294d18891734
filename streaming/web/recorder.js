// A call to keep: recorded to a file, or one picture of it.

const FORMATS = ["video/mp4;codecs=avc1,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

export class Recorder {
  #recorder = null;

  get running() {
    return this.#recorder !== null;
  }

  // Throws if this browser cannot record.
  start(stream) {
    const mimeType = FORMATS.find((format) => MediaRecorder.isTypeSupported(format));
    const pieces = [];
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 5_000_000 });
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onstop = () => {
      const type = recorder.mimeType.split(";")[0];
      save(new Blob(pieces, { type }), type === "video/mp4" ? "mp4" : "webm");
    };
    recorder.start(1000);
    this.#recorder = recorder;
  }

  stop() {
    if (this.#recorder && this.#recorder.state !== "inactive") this.#recorder.stop();
    this.#recorder = null;
  }
}

export function screenshot(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => save(blob, "png"), "image/png");
}

function save(blob, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `speech2lip-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
