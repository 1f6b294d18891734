// A conversation to keep: a text made in the browser, from the lines that the page shows.

export function saveTranscript(lines) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([asText(lines)], { type: "text/plain;charset=utf-8" }));
  link.download = `conversation-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function asText(lines) {
  const said = lines.map(({ name, text, interrupted, at }) => {
    const line = text.replace(/\s+/g, " ").trim();
    return `${at.toTimeString().slice(0, 8)} ${name}: ${line}${interrupted ? " (interrupted)" : ""}`;
  });
  const day = lines[0].at.toLocaleDateString([], { dateStyle: "long" });
  return [`A conversation with a digital human, made by artificial intelligence. ${day}`, "", ...said, ""].join("\n");
}
