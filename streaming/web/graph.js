// A minute of mouth delay as a line, with a mark under every second in which a frame was late.

const POINTS = 60;
const LINE = "#5eead4";
const LATE = "#ff8b7e";

export class Graph {
  #points = [];
  #canvas;

  constructor(canvas) {
    this.#canvas = canvas;
  }

  clear() {
    this.#points = [];
    this.#draw();
  }

  add(delay, late) {
    this.#points.push({ delay, late });
    this.#points = this.#points.slice(-POINTS);
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#canvas.width = width * devicePixelRatio; // also wipes it
    this.#canvas.height = height * devicePixelRatio;
    const pen = this.#canvas.getContext("2d");
    pen.scale(devicePixelRatio, devicePixelRatio);
    const known = this.#points.map(({ delay }) => delay).filter((delay) => delay !== null);
    if (!known.length) return;
    const top = Math.max(300, ...known);
    const x = (i) => width - (this.#points.length - 1 - i) * (width / (POINTS - 1));
    const y = (delay) => height - 5 - (delay / top) * (height - 8);
    this.#scale(pen, top, y, width);
    pen.strokeStyle = LINE;
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.beginPath();
    this.#points.forEach(({ delay }, i) => delay !== null && pen.lineTo(x(i), y(delay)));
    pen.stroke();
    pen.fillStyle = LATE;
    this.#points.forEach(({ late }, i) => late > 0 && pen.fillRect(x(i) - 1.5, height - 3, 3, 3));
  }

  #scale(pen, top, y, width) {
    pen.fillStyle = pen.strokeStyle = "rgb(255 255 255 / 45%)";
    pen.font = "9px system-ui, sans-serif";
    pen.lineWidth = 1;
    for (let delay = 100; delay < top; delay += 100) {
      pen.globalAlpha = 0.35;
      pen.fillRect(0, Math.round(y(delay)), width, 1);
      pen.globalAlpha = 1;
      pen.fillText(`${delay} ms`, 0, y(delay) - 2);
    }
  }
}
