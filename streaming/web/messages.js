// What the page says when something goes wrong: what it is, and what to do; and what it says of a conversation.

export const WORDS = {
  "microphone-refused": {
    title: "The microphone is not allowed",
    text: "The face can still speak: play the sample voice or drop a sound file. To talk, allow the microphone in the address bar and press Start again.",
    typing: "You can type instead, and are answered. To talk, allow the microphone in the address bar and ask again.",
    action: "Ask again",
  },
  "microphone-missing": {
    title: "No microphone was found",
    text: "Plug one in and press Start again, or play the sample voice or a sound file.",
    typing: "Plug one in and look again, or type what you want to say.",
    action: "Look again",
  },
  "microphone-busy": {
    title: "The microphone cannot be opened",
    text: "Another program may be holding it. Close that program, or choose another microphone.",
    typing: "Another program may be holding it. Close that program, choose another microphone, or type what you want to say.",
    action: "Try again",
  },
  "microphone-insecure": {
    title: "This address may not use a microphone",
    text: "Browsers give a microphone only to https or to localhost. Open the page there, or play the sample voice.",
    typing: "Browsers give a microphone only to https or to localhost. Open the page there, or type what you want to say.",
    action: null,
  },
  "full": {
    title: "Everybody is busy",
    text: "The server carries as many calls as this machine can. Please wait a moment and try again.",
    action: "Try again",
  },
  "token": {
    title: "A valid link is needed",
    text: "This server lets in only those who have a link with a token in it, and such a link is good for a while only. Ask whoever sent it for another.",
    action: null,
  },
  "too-many": {
    title: "Too many tries from your network",
    text: "Close other calls, wait a minute and try again.",
    action: "Try again",
  },
  "stopping": {
    title: "The server says goodbye",
    text: "It is being stopped or restarted, so the call has ended. Try again in a minute.",
    action: "Call again",
  },
  "gone": {
    title: "The call is over",
    text: "The server no longer has it. Press Start to begin another.",
    action: "Call again",
  },
  "withdrawn": {
    title: "This face may no longer be shown",
    text: "Whoever lent it has withdrawn it, or agreed until a day that is over. Choose another speaker, if there is one.",
    action: null,
  },
  "no-server": {
    title: "The server does not answer",
    text: "Check that it is running and that you are in its network, then try again.",
    action: "Try again",
  },
  "no-route": {
    title: "No route to the server",
    text: "The page was loaded, but sound and pictures do not get through. A firewall or router may block UDP: try another network, or ask for a TURN server to be set up.",
    action: "Try again",
  },
  "lost": {
    title: "The connection was lost",
    text: "It could not be restored. Check your network and try again.",
    action: "Try again",
  },
  "refused": { title: "The server refused the call", text: "", action: "Try again" },
  "file": {
    title: "This file cannot be played",
    text: "The browser does not know its format. WAV, MP3, M4A, Ogg and most videos work.",
    action: null,
  },
  "no-sound-output": {
    title: "This browser has no sound output",
    text: "Without one it cannot play sound files, and nothing is heard. The face is shown, and a microphone moves it.",
    action: null,
  },
  "unsigned": {
    title: "The recording is not signed",
    text: "",
    action: null,
  },
  "recording": { title: "Recording is not possible here", text: "This browser cannot record a call.", action: null },
};

export function microphoneProblem(error) {
  const known = {
    NotAllowedError: "microphone-refused",
    SecurityError: "microphone-refused",
    NotFoundError: "microphone-missing",
    OverconstrainedError: "microphone-missing",
    TypeError: "microphone-insecure",
  };
  return known[error.name] ?? "microphone-busy";
}

// Who speaks in a conversation; the face has its speaker's name.
export const SIDES = { you: "You", face: "", trouble: "Trouble" };

export const DOING = {
  "listening": "Listening",
  "heard-speech": "Hearing you",
  "thinking": "Thinking",
  "speaking": "Speaking",
  "over": "The conversation is over",
};
export const DEAF = "Waiting for your text"; // in place of listening, without a microphone

export const MODE_HINTS = {
  mirror: "Mirror: the face speaks with your voice, while you speak.",
  echo: "Talk: say something. When you have finished, the face says it back at its own pace.",
  reader: "Talk: type something, and the face reads it aloud.",
  agent: "Talk: speak or type, and you are answered. Interrupt whenever you like.",
};

export const VOICE_HINTS = {
  mirror: "Your voice comes back in step with the lips. Wear headphones, or switch it off with the headphones button.",
  talk: "The answer is heard from your loudspeakers; the browser takes it out of what your microphone hears.",
  silent: "The voice that comes back is switched off: you see the lips only.",
};

// At the foot of the page.
export const WHERE = {
  here: "Runs on this server only: sound and pictures go nowhere else.",
  services: "The pictures are made on this server; where sound and text of the conversation go is said beside it.",
};

const DESTINATIONS = {
  "recognition": (address) => `Your voice goes to ${address}, which writes down what you say.`,
  "language": (address) => `What you say and type goes as text to ${address}, which answers.`,
  "speech": (address) => `The answer goes as text to ${address}, which speaks it.`,
  "speech-to-speech": (address) => `Your voice and what you type go to ${address}, which answers.`,
  "echo": () => "Your voice goes to this server only.",
  "reader": () => "What you type goes to this server only; your microphone stays off.",
};

// Where the sound and text of a conversation go, said before the microphone opens.
export function consent({ services, stored }) {
  const known = services.map(({ role, address }) => DESTINATIONS[role](address));
  const kept = stored ? "Whoever runs this server keeps what is said and typed, as text." : "This server keeps nothing of it.";
  return [...known, kept];
}
