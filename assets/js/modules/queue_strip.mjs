/** The queue at the foot of the wall: every card that still wants something, newest first; it steps, it never slides. */

import { nameOf } from "./card_axes.mjs";
import { isByForecast, percentText } from "./forecast_order.mjs";
import { clip, hanWidth, span } from "./format.mjs";
import { element, keyedList, mark, setText } from "./keyed_list.mjs";
import { byNews, needsAck, shortNames, totals } from "./live_state.mjs";
import { read } from "./server_clock.mjs";

const SLOTS = 4;
const PER_ROW = 2;
const STEP_MS = 4_000;
const MOST = 60;
const ROW_HAN = 15;
const OUTLOOK_HAN = 11; // beside the word and the figure

/** The slots to show at `step`, wrapping at the end by whole rows. Pure. */
export function slots(items, step) {
  if (items.length <= SLOTS) return items;
  const rows = Math.ceil(items.length / PER_ROW);
  const start = (step % rows) * PER_ROW;
  const doubled = items.concat(items);
  return doubled.slice(start, start + SLOTS);
}

/** What the queue holds: unsigned first and newest first, at most `most`. Pure. */
export function queueOf(cards, most = MOST) {
  return [...cards].sort(byNews).slice(0, most);
}

/**
 * The open cases most likely to overrun as rows of the queue, `org` their short name. Pure.
 * @param {Map<string, string>} names short names by department
 */
export function outlooksOf(forecast, names, most = MOST) {
  return forecast.worst.slice(0, most).map((one) => ({
    id: `forecast-${one.case_id}`, isForecast: true, chance: one.chance, org: names[one.org] ?? one.org_name, item_name: one.item_name }));
}

/** @param {HTMLElement} root with parts list, summary, more */
export function mount(root, { store, t, now, clock, arrivals, every, wall }) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const parts = { summary: part("summary"), more: part("more"), empty: part("empty") };
  let step = 0;
  let short = shortNames(store.get());
  const list = keyedList(part("list"), { key: (card) => card.id, create: (card) => createRow(card, t), update: updateRow });
  let wasForetold = false;
  const leaveArrivals = arrivals.subscribe(() => { step = 0; });

  function updateRow(node, card) {
    if (card.isForecast) { updateOutlook(node, card); return; }
    const org = short(card);
    setText(node.children[1], org);
    setText(node.children[2], clip(nameOf(card), ROW_HAN - hanWidth(org)));
    setText(node.children[3], card.state === "acked" ? "✓" : "");
    const className = `queue-row queue-${card.level} ${needsAck(card) ? "is-unack" : "is-acked"}`;
    if (node.className !== className) node.className = className;
  }

  function draw() {
    const state = store.get();
    const isForetold = isByForecast(wall, state);
    if (isForetold !== wasForetold) step = 0;
    wasForetold = isForetold;
    root.classList.toggle("is-forecast", isForetold);
    if (isForetold) { drawOutlooks(state); return; }
    const { cards, loaded } = state;
    const sums = totals(state);
    short = shortNames(state);
    const items = queueOf(cards.values());
    list.render(slots(items, step));
    parts.empty.hidden = !loaded || items.length > 0;
    setText(parts.summary, loaded ? summaryWords(sums, read(clock(), now()), t) : "");
    const beyond = sums.warning + sums.yellow + sums.red - SLOTS;
    setText(parts.more, beyond > 0 ? t("wall.queue.more", { n: beyond }) : "");
  }

  function drawOutlooks({ forecast, names, serverTime }) {
    const items = outlooksOf(forecast, names);
    list.render(slots(items, step));
    parts.empty.hidden = true;
    setText(parts.summary, t("wall.forecast.queue", { n: forecast.likely, share: percentText(forecast.likely_from), at: asOfText(forecast.as_of, serverTime) }));
    setText(parts.more, cameWords(forecast.came, t) || (items.length > SLOTS ? t("wall.forecast.more", { n: items.length }) : ""));
  }

  const leave = store.subscribe(draw);
  const stop = every(STEP_MS, () => { step += 1; draw(); });
  const watch = every(500, () => { if (isByForecast(wall, store.get()) !== wasForetold) draw(); });
  return () => { leave(); leaveArrivals(); stop(); watch(); };
}

/** When it was worked out, with its day where that is not today: a forecast of days ago must not pass for one of this morning. */
export function asOfText(asOf, serverTime) {
  const at = asOf.slice(11, 16);
  return asOf.slice(0, 10) === (serverTime ?? asOf).slice(0, 10) ? at : `${asOf.slice(5, 10)} ${at}`;
}

/** How often what is called likely came true on the past, close set: half a line holds both; "" where too few tell. Pure. */
export function cameWords(came, t) {
  if (!came || came.length === 0) return "";
  const steps = came.map(({ low, high, share }) => t(high < 1 ? "wall.forecast.came_between" : "wall.forecast.came_from", {
    low: Math.round(low * 100), high: Math.round(high * 100), share: percentText(share).replace(" %", "%") }));
  return t("wall.forecast.came", { steps: steps.join(" · ") });
}

function updateOutlook(node, { org, item_name: item, chance }) {
  setText(node.children[1], org);
  setText(node.children[2], clip(item, OUTLOOK_HAN - hanWidth(org)));
  setText(node.children[3], percentText(chance));
}

function createRow(card, t) {
  const node = element("li", card.isForecast ? "queue-row queue-forecast" : "queue-row");
  if (card.isForecast) {
    node.append(element("span", "forecast-mark"), element("span", "queue-org"), element("span", "queue-item"), element("span", "queue-chance num"));
    setText(node.firstChild, t("wall.forecast.badge"));
    return node;
  }
  node.append(mark(card.level, t), element("span", "queue-org"), element("span", "queue-item"), element("span", "queue-ack"));
  return node;
}

/** "待签收 12 张 · 最久 35 分". Pure. */
export function summaryWords({ unack, oldest_unack_at: oldest }, serverNow, t) {
  if (unack === 0) return t("wall.queue.all_signed");
  if (serverNow == null || oldest == null) return t("wall.queue.waiting", { n: unack });
  return t("wall.queue.waiting_oldest", { n: unack, span: span(serverNow - oldest, t) });
}
