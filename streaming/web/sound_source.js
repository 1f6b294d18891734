// Where the sound to be spoken comes from: a microphone, or a file played in its place.

const METER_FLOOR = -60; // dB shown as nothing
const WAKE_LIMIT = 1000; // ms; Firefox without loudspeakers never says that the sound is awake

export class SoundSource extends EventTarget {
  #context = null;
  #file = null; // MediaStreamAudioDestinationNode: silence, or the file being played
  #playing = null;
  #microphone = null; // MediaStream
  #meter;
  #metered = null;

  get track() {
    const live = this.#microphone?.getAudioTracks()[0];
    return !this.#playing && live ? live : this.#prepare().stream.getAudioTracks()[0];
  }

  get hasMicrophone() {
    return this.#microphone !== null;
  }

  // ms from a sample's leaving the browser to the ear, as far as the browser knows.
  get outputLatency() {
    return (this.#context?.outputLatency ?? 0) * 1000;
  }

  // Must be called from a click, or the browser keeps the context silent.
  async wake() {
    this.#prepare();
    await Promise.race([this.#context.resume(), new Promise((resolve) => setTimeout(resolve, WAKE_LIMIT))]);
  }

  // Without a sound device no time passes in the context: files cannot be played in it.
  get awake() {
    return this.#context?.state === "running";
  }

  async openMicrophone(deviceId) {
    if (!navigator.mediaDevices) throw new TypeError("no media devices on this address");
    // What a browser takes for noise is often a consonant, and the lips would miss it.
    const wanted = { echoCancellation: true, noiseSuppression: false, autoGainControl: false };
    if (deviceId) wanted.deviceId = { exact: deviceId };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    this.closeMicrophone();
    this.#microphone = stream;
    stream.getAudioTracks()[0].onended = () => this.#lost();
    this.#meterFrom(this.#context.createMediaStreamSource(stream));
  }

  closeMicrophone() {
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#microphone = null;
  }

  set muted(muted) {
    this.#microphone?.getAudioTracks().forEach((track) => (track.enabled = !muted));
  }

  async listMicrophones() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return devices.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId);
  }

  // Speak a whole sound (ArrayBuffer of any format the browser reads); resolves with its seconds.
  async play(bytes) {
    const sound = await this.#context.decodeAudioData(bytes);
    this.stopPlaying();
    const player = new AudioBufferSourceNode(this.#context, { buffer: sound });
    player.connect(this.#file);
    this.#meterFrom(player);
    player.onended = () => this.#playing === player && this.stopPlaying();
    player.start();
    this.#playing = player;
    this.dispatchEvent(new Event("change"));
    return sound.duration;
  }

  stopPlaying() {
    if (!this.#playing) return;
    const player = this.#playing;
    this.#playing = null;
    player.onended = null;
    player.stop();
    if (this.#microphone) this.#meterFrom(this.#context.createMediaStreamSource(this.#microphone));
    this.dispatchEvent(new Event("change"));
  }

  // Loudness now, 0..1.
  level() {
    if (!this.#meter) return 0;
    const samples = new Float32Array(this.#meter.fftSize);
    this.#meter.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    return Math.min(1, Math.max(0, 1 - (10 * Math.log10(power + 1e-9)) / METER_FLOOR));
  }

  #prepare() {
    if (!this.#context) {
      this.#context = new AudioContext({ latencyHint: "interactive", sampleRate: 48000 });
      this.#file = this.#context.createMediaStreamDestination();
      this.#file.channelCount = 1;
      this.#meter = new AnalyserNode(this.#context, { fftSize: 1024 });
      // Silent, but only a context that plays knows how late its sound device is.
      this.#meter.connect(new GainNode(this.#context, { gain: 0 })).connect(this.#context.destination);
    }
    return this.#file;
  }

  #meterFrom(node) {
    this.#metered?.disconnect(this.#meter);
    node.connect(this.#meter);
    this.#metered = node;
  }

  #lost() {
    this.closeMicrophone();
    this.dispatchEvent(new Event("change"));
  }
}
