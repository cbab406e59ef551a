// Draws the charts and lists of the report from the data in the page. What people wrote
// goes into the page as text only, never as markup.
(() => {
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const end = data.start + data.step * data.steps;
const day = 86400;

// ---- words and numbers

const formatted = (options) => {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: data.zone, hourCycle: "h23", ...options });
  return (seconds) => format.format(new Date(seconds * 1000));
};
const withSeconds = data.step % 60 ? { second: "2-digit" } : {};
const instant = formatted({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", ...withSeconds });
const date = formatted({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const number = (value, digits = 2) => value == null ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "−");
const money = (amount) => {
  const text = Math.abs(amount / 10 ** data.digits).toLocaleString("en-US", { minimumFractionDigits: data.digits, maximumFractionDigits: data.digits });
  return (amount < 0 ? "−" : "") + data.symbol + text;
};
const scored = data.start + data.scored * data.step;
const minutes = (steps) => {
  const whole = steps * data.step / 60;
  return whole < 120 ? `${number(whole)} min` : `${number(whole / 60, 1)} h`;
};

// node makes an element with attributes and children; strings become text.
function node(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// ---- lines

const stairs = data.stairs.map((steps) => {
  const values = [];
  for (let i = 0; i < steps.length; i += 2) {
    for (let n = steps[i + 1]; n > 0; n--) values.push(steps[i]);
  }
  return values;
});
const instants = data.instants.map((distances) => {
  let step = 0;
  return distances.map((distance) => data.start + (step += distance) * data.step);
});
const everyStep = Array.from({ length: data.steps }, (_, i) => data.start + i * data.step);

// lines of a run. Each ends at the end of its last step.
const lines = data.runs.map(() => null);
function linesOf(index) {
  if (lines[index]) return lines[index];
  const run = data.runs[index];
  const closed = (values) => [...values, values[values.length - 1]];
  const line = (values, at) => at == null ? null : closed(values[at]);
  return lines[index] = {
    t: [...(run.instants == null ? everyStep : instants[run.instants]), end],
    load: line(data.curves, run.load), need: line(stairs, run.need), serving: line(stairs, run.serving),
    paid: line(stairs, run.paid), desired: line(stairs, run.desired),
    expected: line(data.curves, run.expected), low: line(data.curves, run.low), high: line(data.curves, run.high),
  };
}

// after is the index of the first time later than the given one.
function after(times, time) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] > time) high = middle; else low = middle + 1;
  }
  return low;
}

const heldAt = (times, values, time) => values[Math.max(0, after(times, time) - 1)];
const decisionTimes = data.runs.map((run) => run.decisions.map((d) => data.start + d.at));

// ---- state, colours and common parts of charts

const state = {
  shown: 0,
  beside: data.runs.findIndex((run, i) => i > 0 && run.role === "in force"),
  off: new Set(["paid", "desired"]), // keys of the legend
  from: data.start, to: end,
  print: null, // width in print
};
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const visible = (key) => !state.off.has(key);
const ratio = () => state.print ? 3 : window.devicePixelRatio;
const widthOf = (element) => state.print ?? Math.max(240, element.clientWidth);
const heightOf = (element, wide) => state.print || widthOf(element) < 560 ? wide * 0.75 : wide;

function axis(options) {
  return {
    stroke: colour("soft"), font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif",
    grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1, size: 5 }, ...options,
  };
}
const valueAxis = (label, show) => axis({
  label, labelSize: 18, values: (u, ticks) => ticks.map(show),
  size: (u, texts) => 16 + 7 * Math.max(2, ...(texts ?? []).map((text) => text?.length ?? 0)),
});
const timeAxis = () => axis({
  space: 70,
  values: [
    [365 * day, "{YYYY}", null, null, null, null, null, null, 1],
    [28 * day, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [day, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  ],
});

// tip is a chart's box of words, placed beside the point that it is about.
function tip(chart) {
  const box = node("div", { class: "tip", hidden: "" });
  const hide = () => { box.hidden = true; };
  const show = (u, left, top, ...children) => {
    if (box.parentNode !== chart) chart.append(box);
    box.replaceChildren(...children);
    box.hidden = false;
    const x = u.over.offsetLeft + left, y = u.over.offsetTop + top;
    const fits = x + 16 + box.offsetWidth <= chart.clientWidth;
    box.style.left = `${Math.max(0, fits ? x + 16 : x - 16 - box.offsetWidth)}px`;
    box.style.top = `${Math.max(0, Math.min(y - 20, chart.clientHeight - box.offsetHeight))}px`;
  };
  return { show, hide };
}

const lengthOf = (seconds) => seconds < 3600 ? `${seconds / 60} minutes` : seconds < day ? `${seconds / 3600} h` : seconds === day ? "a day" : `${seconds / day} days`;
const pairs = (rows) => node("dl", null, ...rows.flatMap(([name, value]) => [node("dt", null, name), node("dd", null, value)]));

// charts are what is drawn anew when colours, width or data change.
const charts = [];
function chart(element, options, lineData) {
  const made = { element, plot: null };
  made.draw = () => {
    made.plot?.destroy();
    made.prepare?.();
    const size = { width: widthOf(element), height: made.height() };
    made.plot = new uPlot({
      ...size, pxRatio: ratio(), legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone), ...options(),
    }, lineData(), element);
  };
  made.resize = () => {
    if (!state.print && made.plot && made.plot.width !== widthOf(element)) {
      made.plot.setSize({ width: widthOf(element), height: made.height() });
    }
  };
  charts.push(made);
  return made;
}

// ---- load and capacity

const loadElement = byId("load-chart");
const loadTip = tip(loadElement);
const keys = [ // of the legend: name, words, and how it is drawn
  ["load", "load (instances' worth)", { width: 1 }],
  ["need", "need", { width: 1.5 }],
  ["serving", "capacity: serving", { width: 2.5 }],
  ["paid", "paid for", { width: 1.5, dash: [2, 3] }],
  ["desired", "desired", { width: 1.5, dash: [6, 3] }],
  ["beside", "beside: serving", { width: 1.75, dash: [9, 4] }],
  ["expected", "expected, when there was time to order", { width: 1.5, dash: [4, 2] }],
];

// A column is what the chart draws as one moment, in seconds, so that a month is no
// hedge of strokes.
const columns = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, day, 7 * day];
function columnNow() {
  const most = (widthOf(loadElement) - 70) / 2.5;
  const column = columns.find((seconds) => (state.to - state.from) / seconds <= most) ?? 28 * day;
  return column <= data.step ? 0 : column;
}

// momentsOf are the indices of the moments that stand for the columns: those of the
// highest need and, of equal ones, of the least capacity.
function momentsOf({ t, need, serving }, column) {
  const kept = [];
  let current = -1;
  for (let i = 0; i < t.length - 1; i++) {
    const at = Math.floor((t[i] - data.start) / column);
    if (at !== current) {
      current = at;
      kept.push(i);
      continue;
    }
    const best = kept[kept.length - 1];
    if (need[i] > need[best] || (need[i] === need[best] && serving[i] < serving[best])) kept[kept.length - 1] = i;
  }
  return kept;
}

// drawn are the lines of the chart, with the moment that each value is of.
let drawn;
function drawLines() {
  const column = columnNow(), whole = linesOf(state.shown);
  const other = state.beside < 0 ? null : linesOf(state.beside);
  const kept = column ? momentsOf(whole, column) : whole.t.slice(1).map((_, i) => i);
  const moments = [...kept, kept[kept.length - 1]]; // the last holds until the end
  const pick = (values) => moments.map((i) => values ? values[i] : null);
  const begin = (i) => column ? data.start + Math.floor((whole.t[i] - data.start) / column) * column : whole.t[i];
  drawn = {
    column, moment: moments, t: [...kept.map(begin), end], load: pick(whole.load), need: pick(whole.need), serving: pick(whole.serving),
    paid: pick(whole.paid), desired: pick(whole.desired), expected: pick(whole.expected), low: pick(whole.low), high: pick(whole.high),
    beside: moments.map((i) => other && heldAt(other.t, other.serving, whole.t[i])),
  };
  byId("column").textContent = column
    ? `Each column of the chart is ${lengthOf(column)} and shows its moment of the highest need. The marks at its foot are of every shortage.` : "";
}

// within calls draw with the canvas clipped to the plot.
function within(u, draw) {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  u.ctx.setLineDash([]);
  u.ctx.textAlign = "left";
  draw(u.ctx, (time) => u.valToPos(time, "x", true), (value) => u.valToPos(value, "y", true), ratio());
  u.ctx.restore();
}

function hatching(context, scale) {
  const tile = node("canvas", { width: 8 * scale, height: 8 * scale });
  const brush = tile.getContext("2d");
  brush.strokeStyle = colour("hatch");
  brush.lineWidth = 1.2 * scale;
  brush.beginPath();
  for (const shift of [-8, 0, 8]) {
    brush.moveTo(shift * scale, 8 * scale);
    brush.lineTo((shift + 8) * scale, 0);
  }
  brush.stroke();
  return context.createPattern(tile, "repeat");
}

// background marks what is not scored and what is of low confidence.
function background(u) {
  within(u, (context, x, y, scale) => {
    const { top, height } = u.bbox;
    const stretch = (from, steps) => {
      const begin = x(data.start + from * data.step);
      context.fillRect(begin, top, Math.max(scale, x(data.start + (from + steps) * data.step) - begin), height);
    };
    context.fillStyle = colour("unscored");
    if (data.scored) stretch(0, data.scored);
    if (!visible("censored")) return;
    context.fillStyle = hatching(context, scale);
    for (const [from, steps] of data.runs[state.shown].censored ?? []) stretch(from, steps);
  });
}

// area fills what lies between need and capacity: where capacity is more or, above all
// lines and never narrower than can be seen, where it is too little.
function area(u, key, isOf, least) {
  const { t, need, serving } = drawn;
  if (!visible(key)) return;
  within(u, (context, x, y, scale) => {
    const path = new Path2D();
    const last = Math.min(t.length - 1, after(t, u.scales.x.max));
    for (let i = Math.max(0, after(t, u.scales.x.min) - 1), next; i < last; i = next) {
      for (next = i + 1; next < last && need[next] === need[i] && serving[next] === serving[i]; next++);
      if (!isOf(need[i], serving[i])) continue;
      const left = x(t[i]), width = x(t[next]) - left, top = y(Math.max(need[i], serving[i]));
      path.rect(left, top, Math.max(width, least * scale), y(Math.min(need[i], serving[i])) - top);
    }
    context.fillStyle = colour(`${key}-area`);
    context.fill(path);
  });
}
const spare = (u) => area(u, "spare", (need, serving) => serving > need, 0);
const short = (u) => area(u, "short", (need, serving) => serving < need, 2);

// band fills what lies between the least and the highest load that was expected.
function band(u) {
  const { t, low, high } = drawn;
  if (!visible("band") || data.runs[state.shown].expected == null) return;
  within(u, (context, x, y) => {
    const path = new Path2D();
    const last = Math.min(t.length - 1, after(t, u.scales.x.max));
    for (let i = Math.max(0, after(t, u.scales.x.min) - 1); i < last; i++) {
      if (high[i] == null) continue;
      const left = x(t[i]), top = y(high[i]);
      path.rect(left, top, x(t[i + 1]) - left, y(low[i]) - top);
    }
    context.fillStyle = colour("band-area");
    context.fill(path);
  });
}

// lane shows each shortage at the foot of the chart, also where its area is a hair.
function lane(u) {
  if (!visible("short")) return;
  within(u, (context, x, y, scale) => {
    context.fillStyle = colour("short");
    const foot = u.bbox.top + u.bbox.height;
    for (const [from, steps] of data.runs[state.shown].shortages) {
      const begin = data.start + from * data.step, left = x(begin);
      if (begin > u.scales.x.max || begin + steps * data.step < u.scales.x.min) continue;
      context.fillRect(left, foot - 7 * scale, Math.max(2 * scale, x(begin + steps * data.step) - left), 7 * scale);
    }
  });
}

function triangle(context, x, y, size, up) {
  const tip = up ? -size : size;
  context.beginPath();
  context.moveTo(x, y + tip);
  context.lineTo(x + size, y - tip * 0.7);
  context.lineTo(x - size, y - tip * 0.7);
  context.closePath();
}

// marks are the decisions: filled and up when the group grows, hollow and down when it
// shrinks.
function marks(u) {
  if (!visible("marks")) return;
  const times = decisionTimes[state.shown], decisions = data.runs[state.shown].decisions;
  const first = after(times, u.scales.x.min - 1), last = after(times, u.scales.x.max);
  const many = last - first > u.width / 9, size = 4.5;
  within(u, (context, x, y, scale) => {
    context.lineWidth = 1.3 * scale;
    context.fillStyle = context.strokeStyle = colour(many ? "soft" : "ink");
    if (last - first > 2 * u.width) {
      context.font = `${12 * scale}px system-ui, sans-serif`;
      context.textBaseline = "top";
      context.fillText(`${number(last - first)} decisions: zoom in to see them`, u.bbox.left + 8 * scale, u.bbox.top + 6 * scale);
      return;
    }
    for (let i = first; i < last; i++) {
      const grows = decisions[i].to > decisions[i].from;
      if (many) {
        context.fillRect(x(times[i]), u.bbox.top + (grows ? 4 : 14) * scale, scale, 8 * scale);
        continue;
      }
      triangle(context, x(times[i]), u.bbox.top + (grows ? 9 : 22) * scale, size * scale, grows);
      if (grows) context.fill(); else context.stroke();
    }
  });
}

function nearestDecision(u, left) {
  const times = decisionTimes[state.shown];
  const at = after(times, u.posToVal(left, "x"));
  let nearest = -1, distance = 9;
  for (const i of [at - 1, at]) {
    if (i < 0 || i >= times.length) continue;
    const away = Math.abs(u.valToPos(times[i], "x") - left);
    if (away < distance) [nearest, distance] = [i, away];
  }
  return nearest;
}

const changeOf = (decision) => `${decision.from} → ${decision.to}`;
const whyOf = (decision) => decision.words?.length ? decision.words : ["The explanation of this decision is not in the page, as it has too many."];

function explained(decision) {
  return node("div", { class: "why" },
    node("b", null, `${changeOf(decision)} · ${decision.reason}`), ...whyOf(decision).map((line) => node("p", null, line)));
}

function describe(u, left, top, decisionIndex) {
  const { t, load, need, serving, paid, desired, expected, low, high } = linesOf(state.shown);
  const decision = data.runs[state.shown].decisions[decisionIndex];
  const held = (times, at) => Math.min(times.length - 2, Math.max(0, after(times, at) - 1));
  const i = decision ? held(t, decisionTimes[state.shown][decisionIndex]) : drawn.moment[held(drawn.t, u.posToVal(left, "x"))];
  const time = decision ? decisionTimes[state.shown][decisionIndex] : t[i];
  const rows = [["load", number(load[i])], ["need", number(need[i])], ["serving", number(serving[i])]];
  if (need[i] > serving[i]) rows.push(["too small by", number(need[i] - serving[i])]);
  if (expected?.[i] != null) rows.push(["expected", `${number(expected[i])} (${number(low[i])} to ${number(high[i])})`]);
  if (desired) rows.push(["desired", number(desired[i])]);
  if (paid) rows.push(["paid for", number(paid[i])]);
  if (state.beside >= 0) {
    const other = linesOf(state.beside);
    rows.push([`serving, ${data.runs[state.beside].name}`, number(heldAt(other.t, other.serving, time))]);
  }
  loadTip.show(u, left, top, node("b", null, instant(time)), pairs(rows), ...(decision ? [explained(decision)] : []));
}

let focused = -1; // the decision that the keyboard is at
function pointed(u) {
  const { left, top } = u.cursor;
  if (left == null || left < 0) {
    if (focused < 0) loadTip.hide();
    return;
  }
  focused = -1;
  describe(u, left, top, nearestDecision(u, left));
}

// goTo shows a decision and reads it out.
function goTo(index) {
  const decision = data.runs[state.shown].decisions[index];
  if (!decision) return;
  const time = decisionTimes[state.shown][index], u = load.plot, half = (state.to - state.from) / 2;
  if (time < state.from || time > state.to) view(time - half, time + half);
  requestAnimationFrame(() => {
    focused = index;
    const left = load.plot.valToPos(time, "x");
    load.plot.setCursor({ left, top: 30 }, false);
    describe(u, left, 30, index);
    byId("live").textContent = `${instant(time)}: ${changeOf(decision)}, ${decision.reason}. ${whyOf(decision).join(". ")}`;
  });
}

function view(from, to) {
  const least = 10 * data.step, span = Math.min(end - data.start, Math.max(least, to - from));
  const begin = Math.min(end - span, Math.max(data.start, (from + to - span) / 2));
  load.plot.setScale("x", { min: begin, max: begin + span });
}

function zoom(how) {
  const middle = (state.from + state.to) / 2, span = state.to - state.from;
  const around = (wide) => view(middle - wide / 2, middle + wide / 2);
  const shift = (share) => view(state.from + span * share, state.to + span * share);
  ({
    all: () => view(data.start, end), week: () => around(7 * day), day: () => around(day),
    in: () => around(span / 2), out: () => around(span * 2), left: () => shift(-0.5), right: () => shift(0.5),
  })[how]();
}

const load = chart(loadElement, () => ({
  cursor: { y: false, points: { show: false }, drag: { x: true, y: false, dist: 5 } },
  scales: {
    x: { min: state.from, max: state.to },
    y: { range: (u, least, most) => [0, Math.max(2, (most ?? 1) * 1.16)] },
  },
  axes: [timeAxis(), valueAxis("instances", (tick) => Number.isInteger(tick) ? number(tick) : "")],
  series: [{}, ...keys.map(([key, , style]) => ({
    ...style, width: drawn.column > 1800 ? Math.min(1.25, style.width) : style.width,
    stroke: colour(key), show: visible(key), points: { show: false },
    paths: key === "load" && !drawn.column ? undefined : uPlot.paths.stepped({ align: 1 }),
  }))],
  hooks: {
    drawClear: [background], drawAxes: [spare, band], draw: [short, lane, marks], setCursor: [pointed],
    setScale: [(u, name) => {
      if (name !== "x" || u.scales.x.min == null) return;
      [state.from, state.to] = [u.scales.x.min, u.scales.x.max];
      focused = -1;
      loadTip.hide();
      requestAnimationFrame(() => {
        if (columnNow() !== drawn.column) load.draw();
        listDecisions();
      });
    }],
  },
}), () => [drawn.t, ...keys.map(([key]) => drawn[key])]);
load.height = () => heightOf(loadElement, 400);
load.prepare = drawLines;

loadElement.addEventListener("keydown", (event) => {
  const times = decisionTimes[state.shown];
  const from = focused >= 0 ? times[focused] : state.from;
  const act = {
    ArrowRight: () => goTo(focused >= 0 ? focused + 1 : after(times, from - 1)),
    ArrowLeft: () => goTo(focused >= 0 ? focused - 1 : after(times, state.to) - 1),
    "+": () => zoom("in"), "=": () => zoom("in"), "-": () => zoom("out"), 0: () => zoom("all"),
    PageUp: () => zoom("left"), PageDown: () => zoom("right"),
    Escape: () => { focused = -1; loadTip.hide(); },
  }[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

// ---- legend of the load

function swatch(draw) {
  const canvas = node("canvas", { width: 26 * ratio(), height: 14 * ratio(), "aria-hidden": "true" });
  canvas.style.width = "26px";
  canvas.style.height = "14px";
  const context = canvas.getContext("2d");
  context.scale(ratio(), ratio());
  draw(context);
  return canvas;
}

const lineSwatch = (key, { width, dash }) => swatch((context) => {
  context.strokeStyle = colour(key);
  context.lineWidth = width;
  context.setLineDash(dash ?? []);
  context.beginPath();
  context.moveTo(0, 7);
  context.lineTo(26, 7);
  context.stroke();
});
const areaSwatch = (fill) => swatch((context) => {
  context.fillStyle = fill(context);
  context.fillRect(2, 1, 22, 12);
});
const markSwatch = () => swatch((context) => {
  context.fillStyle = context.strokeStyle = colour("ink");
  triangle(context, 7, 7, 4.5, true);
  context.fill();
  triangle(context, 20, 7, 4.5, false);
  context.stroke();
});

function drawLegend() {
  const run = data.runs[state.shown];
  const has = { paid: run.paid != null, desired: run.desired != null, expected: run.expected != null, beside: state.beside >= 0 };
  const entries = keys.filter(([key]) => has[key] ?? true).map(([key, words, style]) =>
    [key, key === "beside" ? `${data.runs[state.beside].name}: serving` : words, lineSwatch(key, style)]);
  entries.push(["short", "too small", areaSwatch(() => colour("short-area"))]);
  entries.push(["spare", "more than needed", areaSwatch(() => colour("spare-area"))]);
  if (run.expected != null) entries.push(["band", "nine of ten expected loads", areaSwatch(() => colour("band-area"))]);
  entries.push(["marks", "decides to grow, to shrink", markSwatch()]);
  if (run.censored?.length) entries.push(["censored", "low confidence", areaSwatch((context) => hatching(context, 1))]);
  byId("legend").replaceChildren(...entries.map(([key, words, sample]) => {
    const box = node("input", { type: "checkbox", onchange: (event) => {
      if (event.target.checked) state.off.delete(key); else state.off.add(key);
      load.draw();
    } });
    box.checked = visible(key);
    return node("label", null, box, sample, words);
  }), ...(data.scored ? [node("span", { class: "key" }, areaSwatch(() => colour("unscored")), "warming up, not scored")] : []));
}

// ---- lists beside the load

function list(caption, headings, rows) {
  return node("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, node("table", null,
    node("caption", null, caption),
    node("thead", null, node("tr", null, ...headings.map(([heading, kind]) => node("th", { scope: "col", class: kind ?? "" }, heading)))),
    node("tbody", null, ...rows)));
}

const goButton = (words, act) => node("button", { type: "button", class: "go", onclick: () => {
  act();
  loadElement.scrollIntoView({ block: "center" });
} }, words);

function listShortages() {
  const run = data.runs[state.shown];
  if (!run.shortages.length) {
    byId("shortages").replaceChildren(node("p", null, `With ${run.name} the group is never too small.`));
    return;
  }
  const worst = [...run.shortages].sort((a, b) => b[3] - a[3] || a[0] - b[0]).slice(0, 10);
  const rows = worst.map(([from, steps, most, sum]) => {
    const begin = data.start + from * data.step, margin = Math.max(1800, steps * data.step);
    return node("tr", null,
      node("th", { scope: "row" }, goButton(instant(begin), () => view(begin - margin, begin + steps * data.step + margin))),
      node("td", { class: "n" }, minutes(steps)), node("td", { class: "n" }, number(most)), node("td", { class: "n" }, number(sum * data.step / 60)));
  });
  const count = run.shortages.length;
  byId("shortages").replaceChildren(list(
    `${count > 10 ? `The worst 10 of ${number(count)} times` : "Times"} at which the group is too small, with ${run.name}.`,
    [["From"], ["For", "n"], ["Instances missing at most", "n"], ["Instance-minutes missing", "n"]], rows));
}

let mostListed = 12;
function listDecisions() {
  const run = data.runs[state.shown], times = decisionTimes[state.shown];
  const first = after(times, Math.max(scored, state.from) - 1), last = Math.max(first, after(times, state.to));
  const rows = [];
  for (let i = first; i < Math.min(last, first + mostListed); i++) {
    const decision = run.decisions[i];
    rows.push(node("tr", null,
      node("th", { scope: "row" }, goButton(instant(times[i]), () => { loadElement.focus({ preventScroll: true }); goTo(i); })),
      node("td", { class: "n" }, `${decision.to > decision.from ? "▲" : "▽"} ${changeOf(decision)}`),
      node("td", null, node("details", null, node("summary", null, decision.reason || "why"), ...whyOf(decision).map((line) => node("p", null, line))))));
  }
  const all = state.from <= data.start && state.to >= end;
  const caption = `${number(last - first)} ${last - first === 1 ? "decision" : "decisions"} of ${run.name}${all ? "" : " in the part that the chart shows"}${last - first > rows.length ? `, the first ${rows.length} listed` : ""}.`;
  const parts = [rows.length ? list(caption, [["When"], ["Change", "n"], ["Reason"]], rows) : node("p", null, caption)];
  if (last - first > rows.length) {
    parts.push(node("button", { type: "button", class: "more", onclick: () => { mostListed *= 4; listDecisions(); } }, "List more"));
  }
  byId("decision-list").replaceChildren(...parts);
}

// ---- cost by day

const costElement = byId("cost-chart");
if (costElement) {
  const costTip = tip(costElement);
  const amounts = (index) => new Map((data.runs[index]?.days ?? []).map((d) => [d.start, d.amount]));
  const unit = 10 ** data.digits;
  const known = () => [state.shown, state.beside].filter((index) => data.runs[index]?.days.length);
  let days = [];
  const cost = chart(costElement, () => {
    const pair = known().length > 1;
    const bars = (align) => uPlot.paths.bars({ size: [pair ? 0.38 : 0.75, 60], align, gap: pair ? 1 : 0 });
    return {
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { range: (u, from, to) => [from - 0.6 * day, to + 0.6 * day] }, y: { range: (u, least, most) => [Math.min(0, least ?? 0), Math.max(1, (most ?? 1) * 1.08)] } },
      axes: [timeAxis(), valueAxis("a day", (tick) => money(Math.round(tick * unit)))],
      series: [{},
        { fill: colour("serving"), stroke: colour("serving"), width: 0, points: { show: false }, paths: bars(pair ? -1 : 0) },
        { fill: hatchFill(), stroke: colour("beside"), width: 1.25, points: { show: false }, paths: bars(1) }],
      hooks: { setCursor: [(u) => {
        const i = u.cursor.idx;
        if (u.cursor.left < 0 || i == null) return costTip.hide();
        const rows = known().map((index) => [data.runs[index].name, money(amounts(index).get(days[i]) ?? 0)]);
        costTip.show(u, u.valToPos(days[i], "x"), u.cursor.top, node("b", null, date(days[i])), pairs(rows));
      }] },
    };
  }, () => {
    const maps = [amounts(state.shown), amounts(state.beside)];
    days = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
    return [days, ...maps.map((map) => days.map((start) => map.has(start) ? map.get(start) / unit : null))];
  });
  cost.height = () => heightOf(costElement, 260);

  const drawCost = cost.draw;
  cost.draw = () => {
    drawCost();
    const samples = [[state.shown, () => colour("serving")], [state.beside, hatchFill]].filter(([index]) => known().includes(index));
    byId("cost-legend").replaceChildren(...samples.map(([index, fill]) => node("span", { class: "key" }, areaSwatch(fill), data.runs[index].name)));
  };
}

// hatchFill fills the bars of the run beside, so that the two differ in print too.
function hatchFill() {
  const tile = node("canvas", { width: 6, height: 6 });
  const brush = tile.getContext("2d");
  brush.strokeStyle = colour("beside");
  brush.lineWidth = 1.6;
  brush.beginPath();
  for (const shift of [-6, 0, 6]) {
    brush.moveTo(shift, 6);
    brush.lineTo(shift + 6, 0);
  }
  brush.stroke();
  return brush.createPattern(tile, "repeat");
}

// ---- cost or overload

const frontElement = byId("frontier-chart");
if (frontElement) {
  const frontTip = tip(frontElement);
  const points = [...data.points].sort((a, b) => a.cost - b.cost || a.minutes - b.minutes);
  const shapes = {
    proposed: (c, x, y, s) => c.arc(x, y, s, 0, 7),
    "in force": (c, x, y, s) => c.rect(x - s * 0.9, y - s * 0.9, s * 1.8, s * 1.8),
    classic: (c, x, y, s) => { c.moveTo(x, y - s * 1.1); c.lineTo(x + s * 1.1, y + s * 0.8); c.lineTo(x - s * 1.1, y + s * 0.8); c.closePath(); },
    limit: (c, x, y, s) => { c.moveTo(x, y - s * 1.3); c.lineTo(x + s * 1.3, y); c.lineTo(x, y + s * 1.3); c.lineTo(x - s * 1.3, y); c.closePath(); },
    other: (c, x, y, s) => c.arc(x, y, s * 0.7, 0, 7),
  };
  const tones = { proposed: "accent", "in force": "beside", classic: "soft", limit: "desired", other: "load" };

  const drawPoints = (u) => within(u, (context, x, y, scale) => {
    const front = points.filter((point) => point.front && point.role !== "limit");
    context.strokeStyle = colour("ink");
    context.lineWidth = 1.2 * scale;
    context.beginPath();
    front.forEach((point, i) => {
      if (i) context.lineTo(x(point.cost), y(front[i - 1].minutes));
      context.lineTo(x(point.cost), y(point.minutes));
    });
    context.stroke();
    for (const point of points) {
      context.fillStyle = context.strokeStyle = colour(tones[point.role] ?? "load");
      context.lineWidth = 1.6 * scale;
      context.beginPath();
      (shapes[point.role] ?? shapes.other)(context, x(point.cost), y(point.minutes), 5.5 * scale);
      if (point.front) context.fill(); else context.stroke();
    }
    nameThem(u, context, x, y, scale);
  });

  // nameThem writes names beside points, where there is room.
  const nameThem = (u, context, x, y, scale) => {
    const taken = points.map((point) => [x(point.cost) - 6 * scale, y(point.minutes) - 6 * scale, 12 * scale, 12 * scale]);
    const overlaps = ([ax, ay, aw, ah]) => taken.some(([bx, by, bw, bh]) => ax < bx + bw && bx < ax + aw && ay < by + bh && by < ay + ah);
    const rank = (point) => ["proposed", "in force", "limit", "classic"].indexOf(point.role) + (point.front ? 0 : 4);
    const important = points.filter((point) => point.role !== "other" || point.front).sort((a, b) => rank(a) - rank(b));
    context.font = `${12 * scale}px system-ui, sans-serif`;
    context.fillStyle = colour("ink");
    context.textBaseline = "middle";
    for (const point of important) {
      const words = point.role === "other" && point.settings || point.name;
      const text = words.length > 28 ? words.slice(0, 27) + "…" : words;
      const width = context.measureText(text).width, px = x(point.cost), py = y(point.minutes), gap = 10 * scale, high = 14 * scale;
      const right = px + gap, left = px - gap - width, above = py - high - 2 * scale, below = py + 2 * scale, beside = py - high / 2;
      const places = [[right, above], [right, beside], [left, beside], [left, below], [left, above], [right, below], [px - width / 2, py - gap - high], [px - width / 2, py + gap]];
      const place = places.map(([left, top]) => [left, top, width, high]).find((box) => !overlaps(box)
        && box[0] > u.bbox.left && box[0] + width < u.bbox.left + u.bbox.width && box[1] > u.bbox.top && box[1] + high < u.bbox.top + u.bbox.height);
      if (!place) continue;
      taken.push(place);
      context.fillText(text, place[0], place[1] + high / 2);
    }
  };

  const most = Math.max(...points.map((point) => point.minutes));
  const wide = most > 200; // then a logarithm, that shows 0 too
  const front = chart(frontElement, () => ({
    cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: (u, from, to) => [Math.max(0, from - (to - from || to) * 0.12), to + (to - from || to || 1) * 0.12] },
      y: wide ? { distr: 4, asinh: 2, range: () => [-0.6, most * 2] } : { range: () => [-Math.max(1, most) * 0.06, Math.max(1, most) * 1.15] },
    },
    axes: [axis({ label: data.pointCost, labelSize: 20, space: 80, values: (u, ticks) => ticks.map((tick) => number(tick, 4)) }),
      valueAxis(wide ? "overload minutes (logarithmic)" : "overload minutes", (tick) => tick == null || tick < 0 ? "" : number(tick))],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: { draw: [drawPoints], setCursor: [(u) => {
      const { left, top } = u.cursor;
      const away = (point) => Math.hypot(u.valToPos(point.cost, "x") - left, u.valToPos(point.minutes, "y") - top);
      const nearest = points.reduce((best, point) => away(point) < away(best) ? point : best, points[0]);
      if (left == null || left < 0 || away(nearest) > 24) return frontTip.hide();
      frontTip.show(u, left, top, node("b", null, nearest.name), ...(nearest.settings ? [nearest.settings] : []), pairs([
        [data.pointCost, number(nearest.cost)], ["overload minutes", number(nearest.minutes)], ["on the front", nearest.front ? "yes" : "no"]]));
    }] },
  }), () => [points.map((point) => point.cost), points.map((point) => point.minutes)]);
  front.height = () => heightOf(frontElement, 380);
}

// ---- tables

function sortBy(table, column, heading) {
  const rising = heading.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const value = (row) => {
    const { sort } = row.cells[column].dataset;
    return sort === undefined ? row.cells[column].textContent : Number(sort);
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
    : typeof a === "number" ? -1 : typeof b === "number" ? 1 : a.localeCompare(b, "en", { numeric: true });
  const rows = [...table.tBodies[0].rows].map((row) => [value(row), row]);
  rows.sort(([a], [b]) => rising || typeof a !== typeof b ? compare(a, b) : compare(b, a));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = node("button", { type: "button", onclick: () => sortBy(table, column, heading) }, ...heading.childNodes);
    heading.append(button);
  });
}

// ---- choosing, printing, resizing

function drawAll() {
  drawLegend();
  for (const each of charts) each.draw();
}

function choose(shown, beside) {
  state.shown = shown;
  state.beside = beside === shown ? -1 : beside;
  byId("shown").value = String(shown);
  if (byId("beside")) byId("beside").value = state.beside < 0 ? "" : String(state.beside);
  for (const button of document.querySelectorAll("button.show")) {
    button.closest("tr").classList.toggle("shown", Number(button.dataset.run) === shown);
  }
  mostListed = 12;
  drawAll();
  listShortages();
  listDecisions();
}

byId("shown").addEventListener("change", (event) => choose(Number(event.target.value), state.beside));
byId("beside")?.addEventListener("change", (event) => choose(state.shown, event.target.value === "" ? -1 : Number(event.target.value)));
for (const button of document.querySelectorAll("button.show")) {
  button.addEventListener("click", () => {
    choose(Number(button.dataset.run), state.beside);
    byId("load").scrollIntoView();
  });
}
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => zoom(button.dataset.zoom));
}

function print(width) {
  state.print = width;
  document.documentElement.classList.toggle("printing", width != null);
  drawAll();
}
window.addEventListener("beforeprint", () => print(680));
window.addEventListener("afterprint", () => print(null));
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
const resized = new ResizeObserver(() => charts.forEach((each) => each.resize()));
choose(0, state.beside);
for (const each of charts) resized.observe(each.element);
})();
