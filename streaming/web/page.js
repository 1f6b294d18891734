// The page: what is pressed, what is shown. The call, the sound, the figures and the conversation have files of
// their own.

import { Call } from "./call.js";
import { Conversation } from "./conversation.js";
import { Gallery } from "./gallery.js";
import { Graph } from "./graph.js";
import { Recorder } from "./recorder.js";
import { Measurements } from "./measurements.js";
import { PictureHold } from "./playout_hint.js";
import { SoundSource } from "./sound_source.js";
import { TalkPanel } from "./talk_panel.js";
import { VOICE_HINTS, WHERE, WORDS, microphoneProblem } from "./messages.js";

const $ = (id) => document.getElementById(id);
$("unstarted").remove();
const STATUS = {
  idle: ["Ready", "idle"],
  connecting: ["Connecting…", "idle"],
  live: ["Live", "live"],
  reconnecting: ["Connection lost, reconnecting…", "trouble"],
};

const MICROPHONE_LIMIT = 5000; // ms until the call begins without one; it is taken when it comes
const HEARING = ["mute", "microphone-card", "file-card"]; // of no use where the microphone stays off
const gestures = [...$("gestures").children];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const sound = new SoundSource();
const recorder = new Recorder();
const graph = new Graph($("graph"));
const gallery = new Gallery($("gallery"), [$("portrait"), $("glow")]);
const conversation = new Conversation(() => gallery.chosen);
const talk = new TalkPanel(conversation, () => sound.hasMicrophone && !pressed($("mute")));
const talkKnown = talk.load().catch(() => {}); // a server that does not answer is told of by the gallery
let call = null;
let measurements = null;
let hold = null;
let liveSince = 0;
let endsAt = 0; // Date.now() at which the server will end the call; 0: it will not

async function start({ withMicrophone = true } = {}) {
  if ($("stage").dataset.state !== "idle") return;
  hideNotice();
  show("connecting");
  if (!talk.typing) $("stop").focus();
  await sound.wake();
  await talkKnown;
  const opening = withMicrophone && talk.needsMicrophone ? openMicrophone() : null;
  await Promise.race([opening, pause(MICROPHONE_LIMIT)]);
  if ($("stage").dataset.state === "idle") return opening?.then(() => sound.closeMicrophone()); // stopped again
  call = new Call(sound.track, gallery.chosen, talk.mode);
  measurements = new Measurements(call, $("video"), () => sound.outputLatency);
  hold = new PictureHold(call, () => sound.outputLatency);
  call.addEventListener("state", ({ detail }) => onState(detail.state));
  call.addEventListener("problem", ({ detail }) => onProblem(detail));
  call.addEventListener("label", ({ detail }) => showLabel(detail.label));
  call.addEventListener("leaving", ({ detail }) => (endsAt = Date.now() + detail.seconds * 1000));
  conversation.follow(call);
  talk.clear();
  $("video").srcObject = call.stream;
  const begun = call;
  opening?.then(() => call === begun && call.speakWith(sound.track));
  await call.start();
}

function stop() {
  if (call) call.stop();
  else show("idle");
}

// The page says that the face is synthetic from the first moment on, unless the server says not to.
function showLabel(label) {
  $("label").hidden = !label;
  recorder.label = Boolean(label);
  if (!label) return;
  $("label").lang = label.language;
  $("label-word").textContent = label.word;
  $("label-sentence").textContent = label.sentence;
}

function onProblem({ code, text }) {
  showNotice(code, text);
  if (code === "withdrawn") gallery.load().then(offerGestures).catch(() => {}); // why is said already
}

function onState(state) {
  conversation.reached = state === "live";
  if (state !== "ended") {
    if (state === "live" && !liveSince) liveSince = Date.now();
    show(state);
    return;
  }
  recorder.stop();
  measurements.stop();
  hold.stop();
  if (!sound.hasMicrophone) mute(false);
  sound.stopPlaying();
  sound.closeMicrophone();
  call = measurements = hold = null;
  conversation.end();
  liveSince = endsAt = 0;
  $("video").srcObject = null;
  show("idle");
}

function show(state) {
  const hadFocus = [$("start"), $("stop"), $("interrupt")].includes(document.activeElement);
  const [text, tone] = STATUS[state];
  $("stage").dataset.state = state;
  $("status").textContent = text;
  $("status").dataset.tone = tone;
  $("start").hidden = state !== "idle";
  $("stop").hidden = state === "idle";
  $("modes").disabled = state === "reconnecting"; // the server would not hear of it
  $("live-badge").hidden = state !== "live";
  $("record").disabled = $("screenshot").disabled = state !== "live";
  for (const button of gestures) button.disabled = state !== "live";
  if (state !== "live") press($("record"), false);
  if (state === "idle") graph.clear();
  if (hadFocus && document.activeElement.hidden) $(state === "idle" ? "start" : "stop").focus();
}

// The buttons of what the chosen speaker can do, and their keys: 1, 2, 3 and so on.
function offerGestures() {
  for (const button of gestures) button.hidden = !gallery.gestures.includes(button.dataset.gesture);
  gestures.filter((one) => !one.hidden).forEach((one, at) => one.setAttribute("aria-keyshortcuts", at + 1));
}

function showNotice(code, text = "") {
  const words = WORDS[code] ?? WORDS.refused;
  $("notice-title").textContent = words.title;
  $("notice-text").textContent = text || (talk.canType && words.typing) || words.text;
  $("notice-action").textContent = words.action ?? "Close";
  $("notice-action").onclick = () => {
    hideNotice();
    if (words.action && !call) start();
    else if (words.action && code.startsWith("microphone")) changeMicrophone();
  };
  $("notice").hidden = false;
}

function hideNotice() {
  $("notice").hidden = true;
}

function press(button, pressed) {
  button.setAttribute("aria-pressed", pressed);
}

function pressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}

async function openMicrophone() {
  try {
    await sound.openMicrophone($("microphone").value);
    sound.muted = pressed($("mute"));
    talk.drawState();
    await listMicrophones();
  } catch (error) {
    showNotice(microphoneProblem(error));
  }
}

async function changeMicrophone() {
  if (!call) return;
  await openMicrophone();
  await call?.speakWith(sound.track);
}

async function listMicrophones() {
  const chosen = $("microphone").value;
  const known = await sound.listMicrophones();
  const options = known.map(({ deviceId, label }) => new Option(label || "Microphone", deviceId));
  $("microphone").replaceChildren(new Option("Default microphone", ""), ...options);
  if (known.some(({ deviceId }) => deviceId === chosen)) $("microphone").value = chosen;
}

async function speak(name, bytes) {
  if (!call) await start({ withMicrophone: false });
  if (!sound.awake) return showNotice("no-sound-output");
  try {
    const seconds = await sound.play(bytes);
    $("playing").textContent = `Speaking ${name} (${Math.round(seconds)} s)`;
    $("playing").hidden = false;
  } catch {
    showNotice("file");
  }
}

async function speakFile(file) {
  if (file) await speak(file.name, await file.arrayBuffer());
}

function mute(muted) {
  press($("mute"), muted);
  $("mute").querySelector("use").setAttribute("href", muted ? "#i-mic-off" : "#i-mic");
  sound.muted = muted;
  talk.drawState();
}

// Who began without a microphone gets one by taking the mute off.
async function toggleMute() {
  mute(!pressed($("mute")));
  if (!pressed($("mute")) && !sound.hasMicrophone && talk.needsMicrophone) await changeMicrophone();
}

async function startByTyping() {
  if ($("stage").dataset.state !== "idle") return;
  mute(true);
  await start({ withMicrophone: false });
}

async function changeMode() {
  for (const id of HEARING) $(id).hidden = !talk.needsMicrophone;
  $("where").textContent = talk.goesElsewhere ? WHERE.services : WHERE.here;
  showVoiceHint();
  if (!call) return;
  call.turnTo(talk.mode);
  if (talk.mode === "mirror") {
    conversation.end();
    if (!sound.hasMicrophone) mute(false); // it was off for typing
  }
  if (!talk.needsMicrophone) sound.closeMicrophone();
  if (talk.mode === "mirror" && !sound.hasMicrophone) await openMicrophone();
  await call?.speakWith(sound.track);
}

function toggleVoice() {
  const heard = !pressed($("voice"));
  press($("voice"), heard);
  $("video").muted = !heard;
  showVoiceHint();
}

function showVoiceHint() {
  $("voice-hint").textContent = VOICE_HINTS[pressed($("voice")) ? talk.mode : "silent"];
}

function toggleFigures() {
  const shown = !pressed($("figures-toggle"));
  press($("figures-toggle"), shown);
  $("overlay").hidden = !shown;
}

function toggleRecording() {
  try {
    if (recorder.running) recorder.stop();
    else recorder.start(call.stream, call.signedSession);
    press($("record"), recorder.running);
    $("live-badge").classList.toggle("recording", recorder.running);
  } catch {
    showNotice("recording");
  }
}

async function toggleFullScreen() {
  if (document.fullscreenElement) await document.exitFullscreen();
  else if ($("stage").requestFullscreen) await $("stage").requestFullscreen();
  else $("video").webkitEnterFullscreen?.();
}

function drawLevel() {
  const level = call ? sound.level() : 0;
  $("meter").firstElementChild.style.transform = `scaleX(${level.toFixed(3)})`;
  $("meter").setAttribute("aria-valuenow", Math.round(level * 100));
}

async function drawFigures() {
  if (!measurements || $("stage").dataset.state !== "live") return;
  const seconds = Math.floor((Date.now() - liveSince) / 1000);
  $("live-time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  const { fps, mouth, skew, trip, late, lateNow, failing } = await measurements.read();
  const text = (value, digits = 0) => (value === null ? "–" : value.toFixed(digits));
  $("f-fps").textContent = text(fps, 1);
  $("f-mouth").textContent = text(mouth);
  $("f-skew").textContent = text(skew);
  $("f-rtt").textContent = text(trip, trip < 10 ? 1 : 0);
  $("f-late").textContent = late ?? "–";
  graph.add(mouth, lateNow);
  const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
  if (endsAt) [$("status").textContent, $("status").dataset.tone] = [`The server stops in ${left} s`, "trouble"];
  else if (failing) [$("status").textContent, $("status").dataset.tone] = ["Pictures are late; the server is recovering", "trouble"];
  else if ($("stage").dataset.state === "live") [$("status").textContent, $("status").dataset.tone] = STATUS.live;
}

const KEYS = { m: "mute", v: "voice", r: "record", p: "screenshot", g: "figures-toggle", f: "fullscreen" };

function onKey(event) {
  if (event.key === "Escape") talk.interrupt();
  const typing = event.target.closest("select, input:not([type=file])");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const gesture = gestures.find((one) => !one.hidden && one.getAttribute("aria-keyshortcuts") === event.key);
  const button = gesture ?? $(KEYS[event.key.toLowerCase()]);
  if (button && !button.disabled) button.click();
}

function onDrop(event) {
  event.preventDefault();
  document.body.classList.remove("dropping");
  speakFile(event.dataTransfer.files[0]);
}

$("start").onclick = () => start();
$("stop").onclick = stop;
$("mute").onclick = toggleMute;
$("voice").onclick = toggleVoice;
$("record").onclick = toggleRecording;
$("screenshot").onclick = () => recorder.screenshot($("video"));
$("figures-toggle").onclick = toggleFigures;
$("fullscreen").onclick = toggleFullScreen;
$("microphone").onchange = changeMicrophone;
recorder.addEventListener("unsigned", ({ detail }) => showNotice("unsigned", detail.text));
talk.addEventListener("mode", changeMode);
talk.addEventListener("begin", startByTyping);
talk.addEventListener("say", ({ detail }) => call.type(detail.text));
talk.addEventListener("interrupt", () => call.interrupt());
gallery.addEventListener("change", () => call?.show(gallery.chosen));
gallery.addEventListener("change", offerGestures);
for (const button of gestures) button.onclick = () => call?.gesture(button.dataset.gesture);
$("sample").onclick = async () => speak("the sample voice", await (await fetch("sample.mp3")).arrayBuffer());
$("file").onchange = ({ target }) => speakFile(target.files[0]).then(() => (target.value = ""));
document.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
};
document.ondragleave = (event) => event.relatedTarget ?? document.body.classList.remove("dropping");
document.ondrop = onDrop;
document.onkeydown = onKey;
navigator.mediaDevices?.addEventListener("devicechange", listMicrophones);
window.addEventListener("pagehide", stop);
sound.addEventListener("change", () => {
  $("playing").hidden = true;
  call?.speakWith(sound.track);
});

setInterval(drawLevel, 60);
setInterval(drawFigures, 1000);
gallery.load().then(offerGestures).catch((error) => showNotice(error.message in WORDS ? error.message : "no-server"));
