// The two charts: one line a run, told by pointer and by arrow keys. Colours and dashes are page.css's and DASHES.
const DASHES = ["", "8 5", "2 3", "14 5"];
const HEIGHT = 400;
const EDGE = { left: 56, right: 14, top: 12, bottom: 50 };
const REACH = 40; // how near the pointer must be to a point, in pixels

class Explorer {
  constructor(root) {
    this.root = root;
    this.chart = data.charts[root.dataset.chart];
    this.plot = root.querySelector(".plot");
    this.at = [0, -1]; // which run and which epoch the arrow keys are on
    root.addEventListener("change", () => this.draw());
    root.addEventListener("click", (event) => this.chooseAll(event.target.dataset.all));
    this.plot.addEventListener("keydown", (event) => this.move(event));
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.mark(null));
    new ResizeObserver(() => this.draw()).observe(this.plot); // the first time, too
  }

  chooseAll(word) {
    if (word === undefined) return;
    for (const box of this.root.querySelectorAll("[type=checkbox]")) box.checked = Boolean(word);
    this.draw();
  }

  draw() {
    const variant = this.chart.variants[this.root.querySelector("select").value];
    const boxes = [...this.root.querySelectorAll("[type=checkbox]")];
    for (const box of boxes) box.disabled = !variant.series[box.value]; // a run may lack the chosen quantity
    const drawn = boxes.filter((box) => box.checked && !box.disabled).map((box) => box.value);
    this.root.querySelector(".count").textContent = drawn.length;
    const lines = drawn.map((run) => ({ run, ...variant.series[run], path: Boolean(variant.series[run].x) }));
    const axes = axesOf(lines, variant, this.plot.clientWidth);
    this.lines = lines.map((line) => placed(line, axes));
    this.plot.innerHTML = `<svg width="${axes.width}" height="${HEIGHT}" aria-hidden="true">${grid(axes, variant)}${this.lines.map(drawnLine).join("")}<circle class="mark" r="6" hidden/></svg><div class="told" hidden></div>`;
    this.root.querySelector(".legend").innerHTML = this.lines.map(legendItem).join("");
  }

  move(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !this.lines.length) return;
    event.preventDefault();
    const n = clamp(this.at[0] + step[0], this.lines.length);
    const k = clamp(this.at[1] + step[1], this.lines[n].points.length);
    this.at = [n, k];
    this.mark(this.lines[n].points[k]);
    this.root.querySelector(".live").textContent = this.lines[n].points[k].text;
  }

  point(event) {
    const box = this.plot.getBoundingClientRect();
    const [x, y] = [event.clientX - box.x, event.clientY - box.y];
    const away = (point) => Math.hypot(point.left - x, point.top - y);
    const points = this.lines.flatMap((line) => line.points).filter((point) => away(point) < REACH);
    this.mark(points.length ? points.reduce((one, other) => (away(other) < away(one) ? other : one)) : null);
  }

  mark(point) {
    const circle = this.plot.querySelector(".mark");
    const told = this.plot.querySelector(".told");
    const seen = Boolean(point && point.top !== null);
    circle.toggleAttribute("hidden", !seen);
    told.hidden = !seen;
    if (!seen) return;
    circle.setAttribute("cx", point.left);
    circle.setAttribute("cy", point.top);
    told.textContent = point.text;
    const left = clamp(point.left + 12, this.plot.clientWidth - told.offsetWidth);
    told.style.transform = `translate(${left}px, ${Math.max(0, point.top - told.offsetHeight - 10)}px)`;
  }
}

const clamp = (index, length) => Math.max(0, Math.min(length - 1, index));
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

// Both axes: the numbers at their ticks, and from a number to a pixel.
function axesOf(lines, variant, width) {
  const xs = axis(variant.range || extent(lines.flatMap((line) => line.x || line.epoch)), width / 90);
  const ys = axis(variant.range || extent(lines.flatMap((line) => line.y)), 6);
  const left = (value) => EDGE.left + ((value - xs.low) / (xs.high - xs.low)) * (width - EDGE.left - EDGE.right);
  const top = (value) => HEIGHT - EDGE.bottom - ((value - ys.low) / (ys.high - ys.low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  return { width, xs, ys, left, top };
}

function extent(values) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = (high - low) * 0.04 || 1;
  return [low - room, high + room];
}

function axis([low, high], wanted) {
  const power = 10 ** Math.floor(Math.log10((high - low) / wanted));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => (high - low) / each <= wanted);
  const ticks = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(Number((n * step).toPrecision(10)));
  return { low, high, ticks };
}

function grid({ width, xs, ys, left, top }, variant) {
  const foot = HEIGHT - EDGE.bottom;
  const across = ys.ticks.map((y) => `<path d="M${EDGE.left} ${top(y)}H${width - EDGE.right}"/><text x="${EDGE.left - 8}" y="${top(y) + 4}" text-anchor="end">${y}</text>`);
  const up = xs.ticks.map((x) => `<path d="M${left(x)} ${foot}v5"/><text x="${left(x)}" y="${foot + 20}" text-anchor="middle">${x}</text>`);
  const names = `<text class="x" x="${width - EDGE.right}" y="${HEIGHT - 8}" text-anchor="end">${variant.x}</text><text class="y" x="${-EDGE.top}" y="13" text-anchor="end" transform="rotate(-90)">${variant.y}</text>`;
  return `<g class="axes">${across.join("")}${up.join("")}${names}</g>`;
}

// The line with its points on the screen; one that was not measured has no `top`.
function placed(line, { left, top }, n) {
  const points = line.epoch.map((epoch, k) => {
    const [x, y] = [line.path ? line.x[k] : epoch, line.y[k]];
    const value = line.path ? `correct ${x} %, incorrect ${y} %` : `${y}`;
    const seen = x !== null && y !== null;
    return { left: seen ? left(x) : null, top: seen ? top(y) : null, text: `${line.run}, epoch ${epoch}: ${value}` };
  });
  return { ...line, points };
}

function drawnLine({ run, points, path }, n) {
  const steps = points.map(({ left, top }, k) => (top === null ? "" : `${k && points[k - 1].top !== null ? "L" : "M"}${left.toFixed(1)} ${top.toFixed(1)}`));
  const late = (k) => (points.length > 1 ? 0.25 + (0.75 * k) / (points.length - 1) : 1); // early epochs are light, late ones dark
  const marks = path || points.length < 3 ? points.map(({ left, top }, k) => (top === null ? "" : `<circle r="4" cx="${left}" cy="${top}" opacity="${path ? late(k) : 1}"/>`)) : [];
  return `<g class="line" data-run="${escaped(run)}" style="--tone:var(--line-${n % 7})"><path d="${steps.join("")}" stroke-dasharray="${dashes(n)}"/>${marks.join("")}</g>`;
}

const dashes = (n) => DASHES[Math.floor(n / 7) % DASHES.length];

function legendItem({ run }, n) {
  const line = `<svg viewBox="0 0 32 10" aria-hidden="true"><path d="M0 5h32" stroke-dasharray="${dashes(n)}"/></svg>`;
  return `<li style="--tone:var(--line-${n % 7})">${line}<a href="#run-${escaped(run)}">${escaped(run)}</a></li>`;
}
