/**
 * Where everything of the heat map stands, in design pixels of the 944 x 744 field under the column headings. Pure.
 *
 * Two blocks of 464 with a 16 px gutter on the seam of the wall; each row is a name and four cells:
 * open load, due soon, past promised (yellow), past statutory (red).
 */

import { expectedText } from "./forecast_order.mjs";

export const FIELD = Object.freeze({ width: 944, height: 744, block: 464, gutter: 16, name: 168, cell: 70, gap: 4 });
const MOST_ROWS = 25;
const LEAST_ROWS = 12;
const ROW_GAP = 5;
const NAME_SIZE = 24;
const SMALLEST_NAME = 19;
const NAME_DROP = 3; // Plotly centres the line box, Han glyphs stand high in it
const EDGE = { soon: 2, red: 2 };
const SEEN = 0.05; // fewer expected overruns are shown as none

/** Worst first: red, yellow, due soon, then load; ties by code so that the order never shivers. */
export function bySeverity(a, b) {
  return b.red - a.red || b.yellow - a.yellow || b.warning - a.warning || b.open - a.open
    || (a.org < b.org ? -1 : a.org > b.org ? 1 : 0);
}

/** Most expected overruns first, `expected` by department; ties as by severity. */
export function byOutlook(expected) {
  return (a, b) => (expected.get(b.org) ?? 0) - (expected.get(a.org) ?? 0) || bySeverity(a, b);
}

/**
 * Order of the rows to draw. A department keeps its place until it is time to sort again: numbers may change under an
 * eye that is reading, names may not.
 * @param {string[]|null} held codes in the order now shown, null to sort
 */
export function orderRows(rows, held, order = bySeverity) {
  if (!held || held.length !== rows.length) return [...rows].sort(order);
  const byCode = new Map(rows.map((row) => [row.org, row]));
  const kept = held.map((org) => byCode.get(org));
  return kept.includes(undefined) ? [...rows].sort(order) : kept;
}

/** Rows per block for so many departments, and the height of one. */
export function blockShape(count) {
  const rows = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.ceil(count / 2)));
  return { rows, pitch: FIELD.height / rows };
}

/** How many departments the two blocks cannot hold. */
export function hiddenRows(count) {
  return Math.max(0, count - 2 * MOST_ROWS);
}

/**
 * Cells and names, positioned. `light` is load, soon, yellow, red or zero. With `expected` the first column shows the overruns
 * foretold of a department instead of its load, in the same hue: it is no light.
 * @returns {{cells: {light:string, x:number, y:number, width:number, height:number, value:number, load:number}[],
 *            names: {x:number, y:number, text:string, size:number, worst:string}[]}}
 */
export function placeRows(rows, expected = null) {
  const { rows: perBlock, pitch } = blockShape(rows.length);
  const first = (row) => (expected ? expected.get(row.org) ?? 0 : row.open);
  const most = Math.max(1, ...rows.map(first));
  const cells = [];
  const names = [];
  rows.slice(0, perBlock * 2).forEach((row, index) => {
    const block = Math.floor(index / perBlock);
    const y = (index % perBlock + 0.5) * pitch;
    const left = block * (FIELD.block + FIELD.gutter);
    names.push({ x: left, y: y + NAME_DROP, ...nameOf(row) });
    valuesOf(row, first(row)).forEach(([light, value], column) => {
      const x = left + FIELD.name + column * (FIELD.cell + FIELD.gap);
      const edge = value > 0 ? EDGE[light] ?? 0 : 0;
      cells.push({ light: value > 0 ? light : "zero", x: x + edge / 2, y, width: FIELD.cell - edge,
        height: pitch - ROW_GAP - edge, value, text: expected && column === 0 ? expectedText(value) : String(value), load: column === 0 ? loadStep(value, most) : 0 });
    });
  });
  return { cells, names };
}

function valuesOf(row, first) {
  return [["load", first < SEEN ? 0 : first], ["soon", row.warning], ["yellow", row.yellow], ["red", row.red]];
}

function nameOf(row) {
  const room = FIELD.name - 10;
  const text = fitting(row.short || row.name, room / SMALLEST_NAME);
  const size = Math.max(SMALLEST_NAME, Math.min(NAME_SIZE, room / widthOf(text)));
  return { text, size, worst: row.red > 0 ? "red" : row.yellow > 0 ? "yellow" : "calm" };
}

/** Of a name that is too long even at the smallest size, what there is room for: it must not run into the figures. */
function fitting(text, most) {
  if (widthOf(text) <= most) return text;
  const signs = [...text];
  while (signs.length > 1 && widthOf(`${signs.join("")}…`) > most) signs.pop();
  return `${signs.join("")}…`;
}

/** In widths of a Han sign. */
function widthOf(text) {
  return [...text].reduce((sum, sign) => sum + (sign.codePointAt(0) < 0x2e80 ? 0.56 : 1), 0);
}

/** Step 0..4 of the lightness ramp. Square root: most departments are small beside the largest. */
export function loadStep(value, most) {
  if (value <= 0) return 0;
  return Math.min(4, Math.floor(Math.sqrt(value / most) * 5));
}
