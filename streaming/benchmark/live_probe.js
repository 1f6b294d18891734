// Put into the page by the live benchmark before anything else runs. It feeds clicks of known time
// as the microphone, reads the block code off every picture that is presented, and notes when the
// clicks come back in the voice. All times are performance.now() of the page.

(() => {
  const probe = (window.liveProbe = { clicks: [], said: [], pictures: [], voices: [], silences: [], peers: [] });
  const CELLS = 32;
  const STRIP = 4; // pixels of the copy per cell
  const FIRST_CLICK = 2.5; // s after the microphone is opened
  const BETWEEN = 0.83; // s, no multiple of a frame: onsets fall everywhere within frames
  const BURST = 0.03; // s
  const AHEAD = 0.05; // s from asking for a sound to its begin
  const SILENCE = 0.3; // s of quiet before an onset

  const WORKLET = `
    const ENOUGH = ${SILENCE} * sampleRate;
    registerProcessor("onsets", class extends AudioWorkletProcessor {
      quiet = 0; blocks = 0; heard = false;
      process([input]) {
        if (this.blocks++ % 8 === 0) this.port.postMessage({ tick: currentTime });
        const sound = input[0] ?? [];
        for (let i = 0; i < sound.length; i++) {
          if (Math.abs(sound[i]) < 0.05) {
            if (this.heard && ++this.quiet === ENOUGH) this.port.postMessage({ end: currentTime + (i - ENOUGH) / sampleRate });
            continue;
          }
          if (!this.heard || this.quiet > ENOUGH) this.port.postMessage({ onset: currentTime + i / sampleRate });
          this.quiet = 0;
          this.heard = true;
        }
        return true;
      }
    });`;

  let context;
  const promptest = []; // ms: performance.now() minus context time, the least of every second
  const AROUND = 2; // s before and after that are looked at for the promptest tick

  const listener = async () => {
    const node = new AudioWorkletNode(context, "onsets");
    node.connect(context.destination);
    return node;
  };

  navigator.mediaDevices.getUserMedia = async () => {
    context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
    await context.resume();
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
    const microphone = context.createMediaStreamDestination();
    microphone.channelCount = 1;
    const clock = await listener();
    clock.port.onmessage = ({ data }) => {
      if (data.tick !== undefined) noteTime(data.tick);
    };
    if (window.probeSound) await speakInto(microphone);
    else clickInto(microphone);
    listenToVoice();
    return microphone.stream;
  };

  const clickInto = (microphone) => {
    let next = context.currentTime + FIRST_CLICK;
    setInterval(() => {
      while (next < context.currentTime + 1) {
        click(microphone, next);
        next += BETWEEN;
      }
    }, 200);
  };

  // A sound that the page was given, a WAV file in base64, is said whenever it is asked for.
  const speakInto = async (microphone) => {
    const bytes = Uint8Array.from(atob(window.probeSound), (character) => character.charCodeAt(0));
    const buffer = await context.decodeAudioData(bytes.buffer);
    // A microphone goes on when nobody speaks; without any source, nothing would be sent.
    const room = new ConstantSourceNode(context, { offset: 0 });
    room.connect(microphone);
    room.start();
    probe.say = () => {
      const source = new AudioBufferSourceNode(context, { buffer });
      const at = context.currentTime + AHEAD;
      source.connect(microphone);
      source.start(at);
      probe.said.push([at, at + buffer.duration]);
    };
  };

  const noteTime = (seconds) => {
    const second = Math.floor(seconds);
    promptest[second] = Math.min(promptest[second] ?? Infinity, performance.now() - seconds * 1000);
  };

  // The sound device of a busy machine stands still now and then, and its clock with it: one offset
  // for a whole call would count that as delay.
  const onPage = (seconds) => {
    const from = Math.max(0, Math.floor(seconds) - AROUND);
    const near = promptest.slice(from, Math.floor(seconds) + AROUND + 1).filter(Number.isFinite);
    return seconds * 1000 + Math.min(...near);
  };

  const click = (microphone, at) => {
    const tone = new OscillatorNode(context, { frequency: 1000 });
    const gate = new GainNode(context, { gain: 0.6 });
    tone.connect(gate).connect(microphone);
    tone.start(at);
    tone.stop(at + BURST);
    probe.clicks.push(at);
  };

  const listenToVoice = async () => {
    const stream = document.getElementById("video").srcObject;
    if (!stream?.getAudioTracks().length) return setTimeout(listenToVoice, 100);
    const ear = await listener();
    context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(ear);
    ear.port.onmessage = ({ data }) => {
      if (data.onset !== undefined) probe.voices.push(data.onset);
      if (data.end !== undefined) probe.silences.push(data.end);
    };
  };

  const pen = new OffscreenCanvas(CELLS * STRIP, STRIP).getContext("2d", { willReadFrequently: true });

  const read = (video) => {
    const cell = Math.floor(video.videoWidth / CELLS);
    pen.drawImage(video, 0, video.videoHeight - cell, cell * CELLS, cell, 0, 0, CELLS * STRIP, STRIP);
    const { data } = pen.getImageData(0, 0, CELLS * STRIP, STRIP);
    const cells = Array.from({ length: CELLS }, (_, i) => data[4 * (CELLS * STRIP * 2 + i * STRIP + 2) + 1] > 126);
    return cells.map(Number).join("");
  };

  const watch = (video) => {
    video.requestVideoFrameCallback((now, { expectedDisplayTime, presentedFrames }) => {
      probe.pictures.push([expectedDisplayTime, read(video), presentedFrames]);
      watch(video);
    });
  };

  document.addEventListener("DOMContentLoaded", () => watch(document.getElementById("video")));

  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...args) {
      super(...args);
      probe.peers.push(this);
    }
  };

  const inbound = async () => {
    const tracks = {};
    for (const entry of (await probe.peers.at(-1).getStats()).values()) {
      if (entry.type === "inbound-rtp") tracks[entry.kind] = entry;
    }
    return tracks;
  };

  // What comes from now on is judged.
  probe.settled = async () => {
    probe.begin = performance.now();
    probe.before = await inbound();
  };

  probe.collect = async () => {
    const tracks = await inbound();
    for (const kind of ["audio", "video"]) {
      for (const name of ["concealedSamples", "silentConcealedSamples", "framesDropped"]) {
        tracks[kind][name] = (tracks[kind][name] ?? 0) - (probe.before[kind][name] ?? 0);
      }
    }
    return {
      clicks: probe.clicks.map(onPage),
      said: probe.said.map((times) => times.map(onPage)),
      // Heard when it leaves the sound device, not when the browser mixes it.
      voices: probe.voices.map((at) => onPage(at) + context.outputLatency * 1000),
      silences: probe.silences.map((at) => onPage(at) + context.outputLatency * 1000),
      pictures: probe.pictures,
      begin: probe.begin,
      inbound: tracks,
    };
  };
})();
