// A drawn head in WebGL, moved by ARKit's blend shapes of mouth and jaw.

const SKIN = [0.82, 0.62, 0.5];
const LIP = [0.72, 0.33, 0.32];
const DARK = [0.16, 0.05, 0.06];
const TOOTH = [0.93, 0.91, 0.86];
const MOUTH = { x: 0, y: -0.42, half: 0.3, lip: 0.075 }; // at rest, in head heights from its middle
const SLIGHT = 0.01;
const AROUND = 40; // points of the mouth's outline

const VERTEX = `
attribute vec3 place, normal, colour;
uniform mat3 turn;
varying vec3 shade;
void main() {
  vec3 at = turn * place;
  vec3 facing = normalize(turn * normal);
  float light = 0.45 + 0.55 * max(0.0, dot(facing, normalize(vec3(-0.4, 0.6, 0.9))));
  shade = colour * light;
  gl_Position = vec4(at.xy * 0.72, -at.z * 0.4, 1.0 - at.z * 0.12);
}`;
const FRAGMENT = `
precision mediump float;
varying vec3 shade;
void main() { gl_FragColor = vec4(shade, 1.0); }`;

export class Head {
  #gl;
  #program;

  constructor(canvas) {
    const gl = (this.#gl = canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true }));
    if (!gl) return; // a browser without WebGL shows the numbers alone
    this.#program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.#program, shader);
    }
    gl.linkProgram(this.#program);
    gl.useProgram(this.#program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    for (const [index, name] of ["place", "normal", "colour"].entries()) {
      const where = gl.getAttribLocation(this.#program, name);
      gl.enableVertexAttribArray(where);
      gl.vertexAttribPointer(where, 3, gl.FLOAT, false, 36, 12 * index);
    }
  }

  // `shapes`: those that are not named are 0; `turn`: yaw, pitch and roll in degrees.
  draw(shapes, turn) {
    const gl = this.#gl;
    if (!gl) return;
    const shape = (name) => shapes[name] ?? 0;
    const [solid, painted] = [[], []];
    skull(solid, shape("jawOpen"));
    eyes(painted);
    mouth(painted, shape);
    gl.clearColor(0.137, 0.157, 0.192, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniformMatrix3fv(gl.getUniformLocation(this.#program, "turn"), false, turning(turn));
    gl.enable(gl.DEPTH_TEST);
    this.#triangles(solid);
    gl.disable(gl.DEPTH_TEST); // what is painted on the front is seen from there alone
    this.#triangles(painted);
  }

  #triangles(numbers) {
    const gl = this.#gl;
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(numbers), gl.DYNAMIC_DRAW);
    gl.drawArrays(gl.TRIANGLES, 0, numbers.length / 9);
  }
}

// Column by column, as WebGL reads it.
function turning({ yaw, pitch, roll }) {
  const [a, b, c] = [yaw, -pitch, -roll].map((angle) => (angle * Math.PI) / 180);
  const [ca, sa, cb, sb, cc, sc] = [a, b, c].flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);
  return [
    ca * cc + sa * sb * sc, cb * sc, -sa * cc + ca * sb * sc,
    -ca * sc + sa * sb * cc, cb * cc, sa * sc + ca * sb * cc,
    sa * cb, -sb, ca * cb,
  ];
}

// The front of the face at (x, y): how far it stands out.
function surface(x, y) {
  const round = Math.sqrt(Math.max(0, 1 - (x / 0.78) ** 2 - (y / 1.05) ** 2));
  const nose = 0.2 * Math.exp(-((x / 0.09) ** 2) - ((y + 0.1) / 0.16) ** 2);
  return 0.82 * round + nose;
}

function skull(out, jawOpen) {
  const steps = 64;
  const point = (row, column) => {
    const up = (Math.PI * row) / steps;
    const round = (2 * Math.PI * column) / steps;
    const x = 0.78 * Math.sin(up) * Math.sin(round);
    let y = 1.05 * Math.cos(up);
    let z = 0.82 * Math.sin(up) * Math.cos(round);
    let normal = [x / 0.6, y / 1.1, z / 0.67];
    if (z > 0.1) {
      z = surface(x, y);
      normal = [surface(x - SLIGHT, y) - surface(x + SLIGHT, y), surface(x, y - SLIGHT) - surface(x, y + SLIGHT), 2 * SLIGHT];
    }
    const low = Math.min(1, Math.max(0, (-0.35 - y) / 0.4)); // the jaw
    y -= 0.22 * jawOpen * low;
    const narrow = 1 - 0.28 * Math.max(0, -y - 0.1) ** 1.5;
    return { place: [x * narrow, y, z], normal, colour: SKIN };
  };
  for (let row = 0; row < steps; row++) {
    for (let column = 0; column < steps; column++) {
      quad(out, point(row, column), point(row + 1, column), point(row + 1, column + 1), point(row, column + 1));
    }
  }
}

function eyes(out) {
  for (const side of [-1, 1]) {
    disc(out, side * 0.29, 0.16, 0.105, 0.062, 0.012, [0.95, 0.95, 0.94]);
    disc(out, side * 0.29, 0.16, 0.048, 0.048, 0.02, [0.25, 0.35, 0.4]);
    disc(out, side * 0.29, 0.16, 0.022, 0.022, 0.026, [0.05, 0.05, 0.06]);
    disc(out, side * 0.29, 0.31, 0.14, 0.018, 0.012, [0.35, 0.23, 0.16]);
  }
}

function mouth(out, shape) {
  const round = shape("mouthPucker") + 0.7 * shape("mouthFunnel");
  const half = MOUTH.half * (1 + 0.3 * shape("mouthStretchLeft") - 0.5 * Math.min(1, round));
  const drop = 0.38 * (shape("jawOpen") - shape("mouthClose")); // of the lower lip's inner edge
  const up = 0.05 * shape("mouthUpperUpLeft") + 0.04 * shape("mouthFunnel");
  const down = drop + 0.05 * shape("mouthLowerDownLeft") + 0.04 * shape("mouthFunnel");
  const thin = 1 - 0.6 * shape("mouthPressLeft");
  const upperLip = MOUTH.lip * thin * (1 - 0.5 * shape("mouthRollUpper"));
  const lowerLip = MOUTH.lip * 1.25 * thin * (1 - 0.8 * shape("mouthRollLower"));
  const forward = 0.02 + 0.09 * Math.min(1, round);
  const edge = (angle, grow, lift) => {
    const [x, sine] = [Math.cos(angle), Math.sin(angle)];
    const tall = sine > 0 ? up + grow * upperLip : down + grow * lowerLip;
    return at(MOUTH.x + x * (half + 0.02 * grow), MOUTH.y + sine * tall, lift);
  };
  const centre = lit(at(MOUTH.x, MOUTH.y - down / 2, 0.004), DARK);
  around((from, to) => out.push(...[centre, lit(edge(from, 0, 0.006), DARK), lit(edge(to, 0, 0.006), DARK)].flatMap(flat)));
  const shown = Math.min(up + down, 0.03 + 0.12 * shape("mouthUpperUpLeft"));
  if (up + down > 0.015) teeth(out, half * 0.7, MOUTH.y + up * 0.6, shown);
  around((from, to) => {
    const lips = [[0, forward], [0.5, forward + 0.03], [1, 0.008]];
    const [inner, middle, outer] = lips.map(([grow, lift]) => [from, to].map((angle) => lit(edge(angle, grow, lift), LIP)));
    quad(out, inner[0], inner[1], middle[1], middle[0]);
    quad(out, middle[0], middle[1], outer[1], outer[0]);
  });
}

function around(each) {
  for (let step = 0; step < AROUND; step++) each(...[step, step + 1].map((index) => (2 * Math.PI * index) / AROUND));
}

function teeth(out, half, top, tall) {
  const corner = (x, y) => lit(at(MOUTH.x + x, y, 0.01), TOOTH);
  quad(out, corner(-half, top), corner(half, top), corner(half * 0.85, top - tall), corner(-half * 0.85, top - tall));
}

function disc(out, x, y, width, height, lift, colour) {
  const centre = lit(at(x, y, lift), colour);
  for (let step = 0; step < 24; step++) {
    const [from, to] = [step, step + 1].map((index) => (2 * Math.PI * index) / 24);
    const rim = (angle) => lit(at(x + width * Math.cos(angle), y + height * Math.sin(angle), lift), colour);
    out.push(...[centre, rim(from), rim(to)].flatMap(flat));
  }
}

const at = (x, y, lift) => [x, y, surface(x, Math.max(y, -0.75)) + lift];
const lit = ([x, y, z], colour) => ({ place: [x, y, z], normal: [x, y * 0.4, 1], colour });
const flat = ({ place, normal, colour }) => [...place, ...normal, ...colour];

function quad(out, a, b, c, d) {
  out.push(...[a, b, c, a, c, d].flatMap(flat));
}
