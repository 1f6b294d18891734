// Put into the page of a call beside live_probe.js: an agent that speaks in this call by the WebSocket
// /speak, segment after segment, and interrupts every second one. Times are performance.now().

window.speakProbe = (() => {
  const RATE = 24000;
  const SECONDS = 2; // of a segment
  const PIECE = RATE / 5; // samples of a message
  const CUTS = [300, 600, 900, 1200, 1500]; // ms after the start of a segment at which it is interrupted
  const PAUSE = 700; // ms between segments: more than the ear needs of quiet before an onset
  const pcm = Int16Array.from({ length: RATE * SECONDS }, (_, i) => 16000 * Math.sin((2 * Math.PI * 1000 * i) / RATE));

  const probe = { segments: [], errors: [], seconds: SECONDS };
  const awaited = {}; // what is done with the next message of a kind
  const told = (kind) => new Promise((resolve) => (awaited[kind] = resolve));
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let socket, finished;
  let stopped = false;

  const take = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "error") probe.errors.push(message.message);
    awaited[message.type]?.(message);
  };

  const speak = async (cut) => {
    const started = told("agent.speak_started");
    const ended = told("agent.speak_ended");
    const segment = { pushed: performance.now(), cut: null };
    for (let at = 0; at < pcm.length; at += PIECE) socket.send(pcm.slice(at, at + PIECE));
    socket.send(JSON.stringify({ type: "agent.speak_end" }));
    if (cut) {
      await started;
      await pause(cut);
      segment.cut = performance.now();
      socket.send(JSON.stringify({ type: "agent.interrupt" }));
    }
    const { position_ms, interrupted } = await ended;
    probe.segments.push({ ...segment, position: position_ms, interrupted });
    await pause(PAUSE);
  };

  const run = async () => {
    for (let n = 0; !stopped; n++) await speak(n % 2 ? CUTS[((n - 1) / 2) % CUTS.length] : 0);
  };

  // Resolves when speech is taken.
  probe.start = async () => {
    socket = new WebSocket(location.href.replace("http", "ws") + "speak");
    socket.onmessage = take;
    await told("session.ready");
    finished = run();
  };

  // Resolves when the last segment is over.
  probe.stop = async () => {
    stopped = true;
    await finished;
    socket.close();
    return { segments: probe.segments, errors: probe.errors, seconds: probe.seconds };
  };

  return probe;
})();
