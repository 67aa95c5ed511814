// The page's three movements: the filter, the charts, and links into folded parts.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const DASHES = ["", "8px,5px", "2px,3px", "14px,5px"]; // as SVG and Plotly both read them
const SYMBOLS = ["circle", "square", "diamond", "triangle-up"];

function filterClaims(form) {
  const words = form.querySelector("[type=search]").value.trim().toLowerCase();
  const verdicts = new Set([...form.querySelectorAll(":checked")].map((box) => box.value));
  const claims = [...document.querySelectorAll("[data-claim]")];
  for (const claim of claims) {
    claim.hidden = !verdicts.has(claim.dataset.verdict) || !claim.textContent.toLowerCase().includes(words);
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !verdicts.has(group.dataset.group);
    for (const fold of group.querySelectorAll(".fold")) {
      const any = fold.querySelector("[data-claim]:not([hidden])");
      fold.hidden = !any;
      if (words && any) fold.open = true; // a match must not stay out of sight
    }
  }
  const shown = claims.filter((claim) => !claim.hidden).length;
  document.getElementById("found").textContent = `${shown} of ${claims.length} claims`;
}

class Explorer {
  constructor(root) {
    this.root = root;
    this.chart = data[root.dataset.chart];
    this.plot = root.querySelector(".plot");
    this.live = root.querySelector(".live");
    this.at = [0, -1]; // which run and which epoch the arrow keys are on
    root.addEventListener("change", () => this.draw());
    root.addEventListener("click", (event) => this.chooseAll(event.target.dataset.all));
    this.plot.addEventListener("keydown", (event) => this.move(event));
    this.draw();
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
    this.traces = drawn.map((run, i) => trace(run, variant.series[run], i));
    this.root.querySelector(".legend").replaceChildren(...this.traces.map(legendItem));
    Plotly.react(this.plot, this.traces, layout(variant), { displayModeBar: false, responsive: true });
  }

  move(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !this.traces.length) return;
    event.preventDefault();
    const run = clamp(this.at[0] + step[0], this.traces.length);
    const point = clamp(this.at[1] + step[1], this.traces[run].x.length);
    this.at = [run, point];
    Plotly.Fx.hover(this.plot, [{ curveNumber: run, pointNumber: point }]);
    this.live.textContent = this.traces[run].text[point].replace("<br>", ", ");
  }
}

const clamp = (index, length) => Math.max(0, Math.min(length - 1, index));
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function trace(run, series, i) {
  const color = css(`--line-${i % 7}`);
  const path = Boolean(series.x);
  const text = series.epoch.map((epoch, k) => {
    const value = path ? `correct ${series.x[k]} %, incorrect ${series.y[k]} %` : `${series.y[k]}`;
    return `${run}<br>epoch ${epoch}: ${value}`;
  });
  return {
    name: run, x: series.x || series.epoch, y: series.y, text, hovertemplate: "%{text}<extra></extra>",
    mode: path || series.epoch.length < 3 ? "lines+markers" : "lines",
    line: { color, width: 2, dash: DASHES[Math.floor(i / 7) % 4] || "solid" },
    marker: { color, symbol: SYMBOLS[Math.floor(i / 7) % 4], size: 8, opacity: fade(series.epoch, path) },
  };
}

// Early epochs are light, late ones dark.
const fade = (epochs, path) => epochs.map((_, k) => (path && epochs.length > 1 ? 0.25 + (0.75 * k) / (epochs.length - 1) : 1));

function legendItem({ name, line }) {
  const item = document.createElement("li");
  const dashes = line.dash === "solid" ? "" : line.dash;
  item.innerHTML = `<svg viewBox="0 0 32 10" aria-hidden="true"><path d="M0 5h32" stroke="${line.color}" stroke-dasharray="${dashes}"/></svg>`;
  item.append(name);
  return item;
}

function layout(variant) {
  const axis = { gridcolor: css("--rule"), zeroline: false, linecolor: css("--rule"), automargin: true, fixedrange: true };
  return {
    height: 400,
    margin: { l: 52, r: 12, t: 12, b: 48 },
    font: { family: "system-ui, sans-serif", size: 13, color: css("--ink") },
    paper_bgcolor: "transparent", plot_bgcolor: "transparent", hovermode: "closest", dragmode: false,
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--rule"), font: { color: css("--ink") }, align: "left" },
    showlegend: false, // the list below is one, and wraps
    xaxis: { ...axis, range: variant.range, title: { text: variant.x, standoff: 8, font: { size: 13 } } },
    yaxis: { ...axis, range: variant.range, title: { text: variant.y, standoff: 8, font: { size: 13 } } },
  };
}

function openTarget() {
  let element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const target = element;
  for (; element; element = element.parentElement) if (element.tagName === "DETAILS") element.open = true;
  const first = target && target.querySelector(":scope > details.fold");
  if (first) first.open = true;
  if (target) target.scrollIntoView();
}

const form = document.getElementById("filter");
if (form) {
  form.addEventListener("input", () => filterClaims(form));
  filterClaims(form);
}
const explorers = [...document.querySelectorAll(".explorer")].filter((root) => root.querySelector(".plot")).map((root) => new Explorer(root));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => explorers.forEach((explorer) => explorer.draw()));
addEventListener("hashchange", openTarget);
openTarget();
