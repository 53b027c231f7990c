/**
 * The heat map: one Plotly figure in a Dash graph. Python lays out the empty, styled figure (dashboard/figures.py); this
 * module fills it with the board of the day, at most twice a second and only when something in it changed.
 */

import { expectedOf, isByForecast, orderWords } from "./forecast_order.mjs";
import { FIELD, byOutlook, bySeverity, hiddenRows, orderRows, placeRows } from "./heat_layout.mjs";
import { setText } from "./keyed_list.mjs";

const LEAST_PAUSE_MS = 500;
const SORT_EVERY_MS = 6_000;

/** The figure of `rows` at `scale` real pixels per design pixel; with `expected` overruns by department, if they are shown. Pure. */
export function fillFrame(frame, rows, scale, expected = null) {
  const { cells, names } = placeRows(rows, expected);
  const data = frame.data.map((trace) => fillTrace(trace, cells, names, scale));
  const layout = { ...frame.layout, width: Math.round(FIELD.width * scale), height: Math.round(FIELD.height * scale) };
  return { data, layout };
}

function fillTrace(trace, cells, names, scale) {
  if (trace.name === "names") return fillNames(trace, names, scale);
  const own = cells.filter((cell) => cell.light === trace.name);
  if (trace.name === "zero") return fillZeros(trace, own, scale);
  return fillBars(trace, own, scale);
}

function fillBars(trace, cells, scale) {
  const ramp = trace.meta?.ramp;
  const marker = { ...trace.marker, line: scaled(trace.marker.line, "width", scale) };
  if (trace.marker.pattern) marker.pattern = scaled(trace.marker.pattern, "size", scale);
  if (ramp) marker.color = cells.map((cell) => ramp[cell.load]);
  return {
    ...trace, marker, textfont: scaled(trace.textfont, "size", scale),
    base: cells.map((cell) => cell.x), x: cells.map((cell) => cell.width), y: cells.map((cell) => cell.y),
    width: cells.map((cell) => cell.height), text: cells.map((cell) => cell.text),
  };
}

function fillZeros(trace, cells, scale) {
  return { ...trace, marker: scaled(trace.marker, "size", scale),
    x: cells.map((cell) => cell.x + cell.width / 2), y: cells.map((cell) => cell.y) };
}

function fillNames(trace, names, scale) {
  const ink = trace.meta.ink;
  return {
    ...trace, x: names.map((name) => name.x), y: names.map((name) => name.y), text: names.map((name) => name.text),
    textfont: { ...trace.textfont, size: names.map((name) => name.size * scale), color: names.map((name) => ink[name.worst]) },
  };
}

function scaled(style, property, scale) {
  return style ? { ...style, [property]: style[property] * scale } : style;
}

/** What is visible of the rows, as one string: equal strings draw equal pictures. */
function fingerprint(rows, size, expected) {
  return `${size}|${expected ? rows.map((row) => expected.get(row.org)) : ""}|${rows.map((row) => [row.org, row.short, row.open, row.warning, row.yellow, row.red]).join(";")}`;
}

/** Hand a figure to Dash. A page without the graph, or a renderer that refuses, must not stop the socket handler. */
function setFigure(id, figure, onFault) {
  const setProps = window.dash_clientside?.set_props;
  if (!setProps || !document.getElementById(id)) return false;
  try {
    setProps(id, { figure });
    return true;
  } catch (fault) {
    onFault(fault);
    return false;
  }
}

/** @param {HTMLElement} root holds the graph and `data-frame` */
export function mount(root, { store, t, scale, now, onFault, every, wall }) {
  const frame = JSON.parse(root.dataset.frame);
  const graphId = root.dataset.graph;
  const more = root.querySelector("[data-part=more]");
  const heads = root.querySelectorAll("[data-part=first-head]");
  let shown = "";
  let drawnAt = -Infinity;
  let sortedAt = -Infinity;
  let held = null;
  let wasForetold = false;

  function draw() {
    const board = store.get().board;
    if (!board || now() - drawnAt < LEAST_PAUSE_MS) return;
    const size = scale();
    const isForetold = isByForecast(wall, store.get());
    const expected = isForetold ? expectedOf(store.get().forecast) : null;
    const sorting = now() - sortedAt >= SORT_EVERY_MS || isForetold !== wasForetold;
    const rows = orderRows(board.rows, sorting ? null : held, expected ? byOutlook(expected) : bySeverity);
    wasForetold = isForetold;
    if (sorting) sortedAt = now();
    held = rows.map((row) => row.org);
    const hidden = hiddenRows(rows.length);
    setText(more, hidden > 0 ? t("wall.board.more", { n: hidden }) : t(orderWords(wall, store.get())));
    const print = fingerprint(rows, size, expected);
    if (print === shown || !setFigure(graphId, fillFrame(frame, rows, size, expected), onFault)) return;
    shown = print;
    drawnAt = now();
    for (const head of heads) {
      setText(head, t(isForetold ? "wall.forecast.head" : "wall.board.open"));
      head.classList.toggle("is-forecast", isForetold);
    }
  }

  const leave = store.subscribe(draw);
  const stop = every(LEAST_PAUSE_MS, draw);
  return () => { leave(); stop(); };
}
