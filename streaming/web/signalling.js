// The WebSocket to the server: JSON messages both ways, and the difference of the two clocks.

import { token } from "./token.js";

const PING_EVERY = 2000; // ms
const OPEN_LIMIT = 6000; // ms
const SILENT = 4000; // ms without a word from a server that answers every ping: the line is dead

export class Signalling extends EventTarget {
  #socket;
  #pinging;
  #quickest = Infinity;
  #heardAt = 0; // performance.now()
  clockOffset = null; // ms: server's clock minus performance.now()

  async open(limit = OPEN_LIMIT) {
    const address = new URL("ws", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(address);
    this.#socket.onopen = () => this.send({ type: "token", token });
    this.#socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    this.#socket.onclose = () => {
      clearInterval(this.#pinging);
      this.dispatchEvent(new Event("close"));
    };
    const hello = new Promise((resolve, reject) => {
      this.addEventListener("hello", (event) => resolve(event.detail), { once: true });
      this.addEventListener("close", () => reject(new Error("no-server")), { once: true });
      setTimeout(() => reject(new Error("no-server")), limit);
    });
    const message = await hello;
    this.#heardAt = performance.now();
    this.#ping();
    this.#pinging = setInterval(() => this.#ping(), PING_EVERY);
    return message;
  }

  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  get alive() {
    return this.#socket?.readyState === WebSocket.OPEN && performance.now() - this.#heardAt < SILENT;
  }

  // End the call.
  close() {
    this.send({ type: "stop" });
    this.drop();
  }

  // Let go of the socket; the call may go on by another.
  drop() {
    clearInterval(this.#pinging);
    if (!this.#socket) return;
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
  }

  #ping() {
    this.send({ type: "ping", t: performance.now() });
  }

  #receive(message) {
    this.#heardAt = performance.now();
    if (message.type === "pong") this.#compare(message);
    this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }

  // The quickest answer says most about the clocks; it ages, so that drift is followed.
  #compare({ t, now_ms }) {
    const now = performance.now();
    const trip = now - t;
    this.#quickest += 0.5;
    if (trip > this.#quickest) return;
    this.#quickest = trip;
    this.clockOffset = now_ms - (t + now) / 2;
  }
}
