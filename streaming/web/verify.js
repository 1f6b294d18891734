// Sends a video to be checked, and shows in words what was found in it.

import { token } from "./token.js";

const LARGEST = 100 * 1024 * 1024; // bytes, as the server takes them
const REFUSED = { 401: "This server answers only to links with a valid token.", 413: "The file is larger than 100 MB; take a shorter part of the video." };
const drop = document.getElementById("drop");
const file = document.getElementById("file");
const result = document.getElementById("result");

drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  check(event.dataTransfer.files[0]);
});
file.addEventListener("change", () => check(file.files[0]));

async function check(video) {
  if (!video || file.disabled) return;
  file.disabled = true;
  show(["The video is being checked …"]);
  try {
    const found = await verified(video);
    const heading = found.found ? "This video is synthetic." : "No mark was found.";
    show([heading, ...found.words]);
  } catch (error) {
    show([error.message], true);
  } finally {
    file.disabled = false;
    file.value = "";
  }
}

async function verified(video) {
  if (video.size > LARGEST) throw new Error(REFUSED[413]);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch("verify", { method: "POST", body: video, headers }).catch(() => null);
  if (!response) throw new Error("The server cannot be reached, or the file cannot be read.");
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(REFUSED[response.status] ?? answer.detail ?? "The server could not check the video.");
  return answer;
}

function show(lines, wrong = false) {
  result.classList.toggle("wrong", wrong);
  result.replaceChildren(
    ...lines.map((line) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      return paragraph;
    }),
  );
}
