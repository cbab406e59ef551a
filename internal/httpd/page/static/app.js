// What the pages do beyond showing: follow what changes, draw, and ask the API. They work
// without it. Whatever comes from the daemon as HTML was escaped there.
"use strict";
(() => {
  const body = document.body, role = body.dataset.role || "";
  const say = JSON.parse(body.dataset.words || "{}");
  const language = document.documentElement.lang;
  const group = document.getElementById("main").dataset.group;
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fill = (text, ...values) => text.replace(/\{(\d)\}/g, (_, i) => values[i]);
  const make = (tag, attributes = {}, text) => {
    const node = tag === "svg" || tag === "path" || tag === "line" ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // A canvas knows nothing of light-dark(): what an element shows with it is a plain colour.
  const colour = (name) => { const probe = make("i", { class: "hidden" }); probe.style.color = `var(${name})`; body.append(probe); const shown = getComputedStyle(probe).color; probe.remove(); return shown; };

  // ---- times, in the browser's zone and the page's language
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const date = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const whole = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
  const absolute = (at) => (new Date().toDateString() === at.toDateString() ? clock : date).format(at);
  const since = (at) => {
    const seconds = Math.min(0, Math.round((at - Date.now()) / 1000));
    if (seconds > -100) return relative.format(seconds, "second");
    if (seconds > -6000) return relative.format(Math.round(seconds / 60), "minute");
    if (seconds > -172800) return relative.format(Math.round(seconds / 3600), "hour");
    return relative.format(Math.round(seconds / 86400), "day");
  };
  const showTimes = (within = document) => {
    for (const node of all("time", within)) {
      const at = new Date(node.dateTime);
      const text = "ago" in node.dataset ? since(at) : absolute(at);
      if (node.textContent !== text) node.textContent = text;
      if (!node.title) node.title = whole.format(at);
    }
  };
  setInterval(() => { if (!document.hidden) showTimes(); }, 5000);

  // ---- putting what changed in its place: nodes that stay keep focus, scroll and whether they are open
  const morph = (old, fresh) => {
    if (old.isEqualNode(fresh) || "keep" in (old.dataset || {})) return;
    for (const name of old.getAttributeNames()) {
      if (!fresh.hasAttribute(name) && !(name === "open" && old.tagName === "DETAILS")) old.removeAttribute(name);
    }
    for (const name of fresh.getAttributeNames()) {
      if (old.getAttribute(name) !== fresh.getAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
    }
    const ids = new Map(all("[id]", old).filter((node) => node.parentNode === old).map((node) => [node.id, node]));
    let at = old.firstChild;
    for (const node of [...fresh.childNodes]) {
      let match = null;
      if (node.id) match = ids.get(node.id) || null;
      else if (at && !at.id && at.nodeType === node.nodeType && at.nodeName === node.nodeName) match = at;
      if (!match) { old.insertBefore(node, at); continue; }
      if (match !== at) old.insertBefore(match, at); else at = at.nextSibling;
      if (node.nodeType === Node.ELEMENT_NODE) morph(match, node);
      else if (match.nodeValue !== node.nodeValue) match.nodeValue = node.nodeValue;
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; }
  };
  const parse = (html) => { const template = make("template"); template.innerHTML = html; return template.content; };
  const put = (html) => {
    const content = parse(html);
    showTimes(content);
    for (const node of [...content.children]) {
      const old = document.getElementById(node.id);
      if (!old) continue;
      const focused = document.activeElement, before = gist(old);
      morph(old, node);
      if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
      if (old.id.startsWith("row-") && gist(old) !== before) flash(old);
    }
    dress();
  };
  const gist = (row) => all(".doing, .badges", row).map((node) => node.textContent).join();
  const flash = (node) => { node.classList.remove("fresh"); void node.offsetWidth; node.classList.add("fresh"); };
  const addEvent = (html) => {
    const list = document.getElementById("events"), node = parse(html).firstElementChild;
    if (!list || !node || document.getElementById(node.id)) return;
    showTimes(node);
    $(".empty", list)?.remove();
    list.prepend(node);
    flash(node);
    while (list.children.length > Number(list.dataset.most)) list.lastElementChild.remove();
    if (node.dataset.kind === "decision") document.getElementById("said").textContent = node.textContent.replace(/\s+/g, " ");
    if (node.dataset.kind === "decision" && group) later(loadHistory, 1500);
  };
  // ---- what a role does not suffice for is disabled, and says why
  const ranks = { read: 1, operate: 2, admin: 3 };
  const dress = () => {
    let lacking = "";
    for (const button of all("button[data-needs]")) {
      const short = (ranks[role] || 0) < ranks[button.dataset.needs];
      if (short && button.dataset.code) { button.hidden = true; continue; }
      button.disabled = short;
      button.title = short ? fill(say.needs, say[button.dataset.needs], say[role]) : "";
      if (short) lacking ||= button.title;
    }
    const needs = document.getElementById("needs");
    if (needs) needs.textContent = lacking;
    for (const cell of all("[data-target]")) if (cell.dataset.target in targets) cell.textContent = targets[cell.dataset.target];
    watchLazily();
  };
  const number = (value) => (value == null ? "–" : new Intl.NumberFormat(language, { maximumSignificantDigits: 4 }).format(value));

  // ---- the stream: marked as lost when nothing was heard for long, and opened again at a random time
  let stream, heard = Date.now(), alive = Date.now(), tries = 0, retry = 0;
  const link = document.getElementById("link");
  const silence = 15000;
  const hear = () => {
    heard = alive = Date.now();
    tries = 0;
    if (link.classList.contains("lost")) { link.classList.remove("lost"); link.textContent = ""; loadHistory(); }
  };
  const lose = () => {
    if (!link.classList.contains("lost")) { link.classList.add("lost"); link.textContent = `${say.lost} ${clock.format(new Date(heard))}`; }
    stream?.close();
    stream = null;
    if (retry) return;
    const pause = Math.min(30000, 1000 * 2 ** Math.min(tries++, 5)) * (0.5 + Math.random());
    retry = setTimeout(() => { retry = 0; connect(); }, pause);
  };
  const connect = () => {
    if (!body.dataset.stream) return;
    stream?.close();
    alive = Date.now();
    stream = new EventSource(body.dataset.stream);
    stream.addEventListener("beat", hear);
    stream.addEventListener("html", (message) => { hear(); put(JSON.parse(message.data)); });
    stream.addEventListener("event", (message) => { hear(); addEvent(JSON.parse(message.data)); });
    stream.onerror = lose;
  };
  // A page that nobody looks at lets its connection go: browsers open few to one host.
  let resting = false;
  const rest = () => { resting = true; clearTimeout(retry); retry = 0; stream?.close(); stream = null; };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { later(rest, 60000); return; }
    clearTimeout(pending.get(rest));
    if (resting) { resting = false; connect(); loadHistory(); }
  });
  setInterval(() => { if (body.dataset.stream && !resting && !retry && Date.now() - alive > silence) lose(); }, 1000);
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });

  // ---- the API
  const key = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const get = async (address) => {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    const result = await answer.json();
    if (!answer.ok) throw new Error(result.error || answer.statusText);
    return result;
  };
  const fetchPart = async (parameters) => {
    const answer = await fetch(`?${new URLSearchParams({ ...parameters, lang: language })}`);
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.text();
  };
  let targets = {};
  const pending = new Map();
  const later = (work, milliseconds) => { clearTimeout(pending.get(work)); pending.set(work, setTimeout(work, milliseconds)); };

  // ---- sparklines: loaded when they come into sight
  const spark = (whole, target) => {
    const values = whole.slice(Math.max(0, Math.min(whole.findIndex((value) => value != null), whole.length - 6)));
    const known = values.filter((value) => value != null);
    const svg = make("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" });
    if (!known.length) return svg;
    const top = Math.max(...known, target ?? -Infinity) * 1.05 || 1, low = Math.min(0, ...known);
    const y = (value) => (23 - ((value - low) / (top - low)) * 22).toFixed(1);
    let d = "", pen = false;
    values.forEach((value, i) => {
      if (value == null) { pen = false; return; }
      d += `${pen ? "L" : "M"}${((i / Math.max(1, values.length - 1)) * 100).toFixed(1)} ${y(value)}`;
      pen = true;
    });
    if (target != null) svg.append(make("line", { class: "aim", x1: 0, x2: 100, y1: y(target), y2: y(target) }));
    svg.append(make("path", { class: "curve", d }));
    return svg;
  };
  const loadSparks = async (node) => {
    const name = node.dataset.lazy || group;
    try {
      const series = await get(`/v1/groups/${encodeURIComponent(name)}/series?points=60&from=${new Date(Date.now() - 3600000).toISOString()}`);
      const shared = (signal) => (series.shared || []).includes(signal);
      for (const place of all("[data-spark]", node)) {
        const signal = place.dataset.spark;
        if (series.signals[signal]) place.replaceChildren(spark(series.signals[signal], shared(signal) ? undefined : series.targets[signal]));
      }
      if (node.dataset.lazy) return;
      targets = {};
      for (const [signal, target] of Object.entries(series.targets)) targets[signal] = shared(signal) ? fill(say.each, number(target)) : number(target);
      dress();
    } catch { /* without a history there is nothing to draw; it is tried again in a minute */ }
  };
  const visible = new Set(), drawn = new WeakSet();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) { visible.delete(entry.target); continue; }
      visible.add(entry.target);
      if (!drawn.has(entry.target)) { drawn.add(entry.target); loadSparks(entry.target); }
    }
  }, { rootMargin: "100px" });
  const watched = new WeakSet();
  const watchLazily = () => { for (const node of all("[data-lazy]")) if (!watched.has(node)) { watched.add(node); seen.observe(node); } };
  setInterval(() => { if (!document.hidden) { for (const node of visible) if (node.isConnected) loadSparks(node); else visible.delete(node); } }, 60000);

  // ---- charts
  let span = new URLSearchParams(location.search).get("span") || "1h", plots = [];
  const loadHistory = async () => {
    const place = document.getElementById("history");
    if (!place || !group) return;
    try {
      const fresh = parse(await fetchPart({ part: "history", span })).firstElementChild;
      showTimes(fresh);
      morph(place, fresh);
      delete place.dataset.missing;
    } catch { if ("missing" in place.dataset) place.replaceChildren(make("p", { class: "muted" }, say.failed)); return; }
    draw();
  };
  const loadCost = async () => {
    try { document.getElementById("cost")?.replaceWith(parse(await fetchPart({ part: "cost" })).firstElementChild); } catch { /* it is asked for again in a while */ }
  };
  const draw = () => {
    for (const plot of plots) plot.destroy();
    plots = [];
    const place = document.getElementById("history");
    if (!place?.dataset.series || !window.uPlot) return;
    const series = JSON.parse(place.dataset.series);
    for (const figure of all("[data-chart]", place)) {
      const plot = chartOf(figure.dataset, series);
      if (plot) plots.push(new uPlot({ ...options(figure, series), ...plot.options }, plot.data, $(".plot", figure)));
    }
  };
  const ink = (name, more = {}) => ({ stroke: colour(name), width: 1.5, points: { show: false }, value: (_, value) => number(value), ...more });
  const faded = (name) => colour(name).replace("rgb(", "rgba(").replace(")", ", 0.18)");
  const steps = (name, label, more) => ink(name, { label, paths: uPlot.paths.stepped({ align: 1 }), ...more });
  const chartOf = (what, series) => {
    const time = { label: say.time, value: (_, at) => (at == null ? "–" : absolute(new Date(at * 1000))) };
    if (what.chart === "size") {
      return {
        data: sizesOf(series),
        options: { series: [time, steps("--serving", say.serving, { fill: faded("--serving") }), steps("--leaving", say.wanted, { dash: [3, 4], width: 1 }), steps("--ink", say.desired, { width: 2 })], hooks: { draw: [(plot) => drawMarks(plot, series)], ready: [(plot) => plot.over.addEventListener("click", () => openNearest(plot, series))] } },
      };
    }
    if (what.chart === "forecast") {
      const band = series.forecast;
      return {
        data: [series.at, band.low, band.high, band.expected],
        options: { series: [time, ink("--becoming", { label: say.low, width: 0.5 }), ink("--becoming", { label: say.high, width: 0.5 }), ink("--becoming", { label: say.expected, width: 2 })], bands: [{ series: [2, 1], fill: faded("--becoming") }] },
      };
    }
    const target = (series.shared || []).includes(what.signal) ? null : series.targets[what.signal];
    const lines = [time, ink("--becoming", { label: say.mean, width: 2 }), ink("--standby", { label: say.peak, width: 1, dash: [2, 3] })];
    const data = [series.at, series.signals[what.signal] || [], series.peaks[what.signal] || []];
    if (target != null) { lines.push(ink("--leaving", { label: say.target, dash: [4, 4] })); data.push(series.at.map(() => target)); }
    return { data, options: { series: lines } };
  };
  // A chart begins where the history does, if that is within the span.
  const start = (series) => {
    const first = series.at[Math.max(0, series.desired.findIndex((count) => count != null))], end = series.at.at(-1);
    return Math.max(series.at[0], Math.min(first, end - (end - series.at[0]) / 30));
  };
  const options = (figure, series) => ({
    width: Math.max(200, $(".plot", figure).clientWidth),
    height: figure.dataset.chart === "size" ? 220 : 150,
    padding: [12, 28, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { range: () => [start(series), series.at.at(-1) + series.step_seconds] }, y: { range: (_, low, high) => (low == null ? [0, 1] : [Math.min(0, low), (high || 1) * 1.1]) } },
    axes: [{ stroke: colour("--muted"), space: 80, grid: { show: false }, ticks: { stroke: colour("--line") }, values: ticks }, { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, size: 52, values: (_, values) => values.map(number), incrs: figure.dataset.chart === "size" ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] : undefined }],
  });
  const ticks = (_, values, _axis, _space, increment) => values.map((at) => new Intl.DateTimeFormat(language, increment >= 86400 ? { month: "short", day: "numeric" } : increment >= 60 ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(at * 1000)));
  // Of a step the series has the most that was desired in it: the curve goes by the marks instead, where
  // there are any, so that it changes just there.
  const sizesOf = (series) => {
    const data = [[], [], [], []], marks = series.marks.map((mark) => ({ ...mark, at: Date.parse(mark.at) / 1000 }));
    const add = (at, i, desired) => [at, series.serving[i], series.wanted[i], desired].forEach((value, curve) => data[curve].push(value));
    series.at.forEach((at, i) => {
      const within = marks.filter((mark) => mark.at > at && mark.at < at + series.step_seconds);
      const known = i > 0 && series.desired[i - 1] != null;
      if (!within.length) add(at, i, marks.find((mark) => mark.at === at)?.to ?? series.desired[i]);
      else add(at, i, known ? within[0].from : null);
      for (const mark of within) add(mark.at, i, mark.to);
    });
    return data;
  };
  // A decision that made the group grow is a triangle upwards, one that made it shrink downwards.
  const drawMarks = (plot, series) => {
    const { ctx } = plot, edge = 5 * devicePixelRatio;
    ctx.save();
    ctx.fillStyle = colour("--link");
    for (const mark of series.marks) {
      const x = plot.valToPos(Date.parse(mark.at) / 1000, "x", true), y = plot.valToPos(mark.to, "y", true), up = mark.to > mark.from ? -1 : 1;
      ctx.beginPath();
      ctx.moveTo(x - edge, y - up * edge * 0.8);
      ctx.lineTo(x + edge, y - up * edge * 0.8);
      ctx.lineTo(x, y + up * edge);
      ctx.fill();
    }
    ctx.restore();
  };
  const openNearest = (plot, series) => {
    const at = plot.posToVal(plot.cursor.left, "x");
    let nearest = null;
    for (const mark of series.marks) if (!nearest || Math.abs(Date.parse(mark.at) / 1000 - at) < Math.abs(Date.parse(nearest.at) / 1000 - at)) nearest = mark;
    const close = nearest && Math.abs(plot.valToPos(Date.parse(nearest.at) / 1000, "x") - plot.cursor.left) < 12;
    explain(close ? nearest.at : new Date(at * 1000).toISOString());
  };
  const explain = async (at) => {
    const place = document.getElementById("explanation");
    try {
      const fresh = parse(await fetchPart({ part: "explain", explain: at })).firstElementChild;
      showTimes(fresh);
      place.replaceWith(fresh);
      fresh.scrollIntoView({ block: "nearest" });
      fresh.focus({ preventScroll: true });
    } catch { place.hidden = false; place.replaceChildren(make("p", {}, say.unreached)); }
  };
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; later(draw, 200); } });

  // ---- asking for something to be done
  const open = async (button) => {
    const dialog = document.getElementById(`do-${button.dataset.do}`), form = $("form", dialog);
    form.reset();
    form.dataset.code = button.dataset.code || "";
    form.dataset.key = key();
    delete form.dataset.body;
    $(".error", form).textContent = "";
    for (const node of all("[data-code]", form)) node.textContent = button.dataset.code || "";
    const plan = $(".plan", form);
    plan.textContent = "";
    dialog.showModal();
    if (!form.dataset.plan) return;
    try {
      const told = await get(form.dataset.plan);
      form.dataset.instance = told.instance || "";
      plan.textContent = `${say.planned} ${told.instance ? fill(say.standsby, told.instance) : fill(say.ordered, told.type)}`;
    } catch (problem) { $(".error", form).textContent = problem.message; }
  };
  const send = async (form) => {
    const request = { why: form.elements.why.value.trim() };
    if (form.dataset.kind) request.kind = form.dataset.kind;
    if (form.elements.count) request.count = Number(form.elements.count.value);
    if (form.elements.for?.value) request.for = form.elements.for.value;
    if (form.dataset.instance) request.instance = form.dataset.instance;
    const text = JSON.stringify(request), error = $(".error", form), buttons = all("button", form);
    if (form.dataset.body && form.dataset.body !== text) form.dataset.key = key(); // another request than the one that failed
    form.dataset.body = text;
    error.textContent = "";
    for (const button of buttons) button.disabled = true;
    try {
      const address = form.dataset.address.replace("{code}", encodeURIComponent(form.dataset.code));
      const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": form.dataset.key }, body: text });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || answer.statusText);
      form.closest("dialog").close();
      document.getElementById("said").textContent = say.sent;
    } catch (problem) { error.textContent = problem instanceof TypeError ? say.unreached : problem.message; }
    for (const button of buttons) button.disabled = false;
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, a");
    if (!target) return;
    const plain = !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (target.dataset.do) open(target);
    else if ("cancel" in target.dataset) target.closest("dialog").close();
    else if (target.id === "theme") {
      const dark = (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
      document.documentElement.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("autoscaled-theme", document.documentElement.dataset.theme); } catch { /* it holds for this page */ }
      draw();
    } else if (target.dataset.explain && plain) { event.preventDefault(); explain(target.dataset.explain); }
    else if ("close" in target.dataset && plain) { event.preventDefault(); document.getElementById("explanation").hidden = true; }
    else if (target.dataset.span && plain) {
      event.preventDefault();
      span = target.dataset.span;
      for (const link of all("[data-span]", target.parentNode)) link.toggleAttribute("aria-current", link === target);
      loadHistory();
    }
  });
  document.addEventListener("submit", (event) => { if (event.target.dataset.address) { event.preventDefault(); send(event.target); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  showTimes();
  dress();
  if (group) { loadSparks(document.getElementById("main")); if ("missing" in (document.getElementById("history")?.dataset || {})) loadHistory(); else draw(); loadCost(); setInterval(() => { if (!document.hidden) { loadHistory(); loadCost(); } }, 60000); }
  connect();
})();
