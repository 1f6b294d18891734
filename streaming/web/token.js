// The token that lets this page in: what follows #token= in its link, which is never sent or logged.

export const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";

window.addEventListener("hashchange", () => location.reload()); // another link, pasted here

// Why the server refuses this very page, in its own words; "" if it does not. Browsers tell that of no WebSocket.
export async function refusal() {
  const response = await fetch("offer", { method: "POST" }).catch(() => null);
  if (response?.status !== 403) return "";
  return (await response.json().catch(() => ({}))).detail ?? "";
}

// What the server holds at `path`. Throws an Error whose message is a key of WORDS.
export async function get(path) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(path, { headers }).catch(() => null);
  if (!response?.ok) throw new Error(response?.status === 401 ? "token" : "no-server");
  return response;
}
