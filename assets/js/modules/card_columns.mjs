/** Red and yellow cards, oldest unacknowledged first, as many as the wall holds legibly; the rest is counted in words. */

import { thousands } from "./format.mjs";
import { createCard, itemLines, updateCard } from "./card_view.mjs";
import { keyedList, setText } from "./keyed_list.mjs";
import { cardsOf, needsAck, shortNames, totals } from "./live_state.mjs";
import { read } from "./server_clock.mjs";

/**
 * Design pixels (20-wall.css holds the same): a card with a one-line item, each further line, the gap after a card, and the
 * words that stand where there is no card of a level.
 */
export const CARD = Object.freeze({ oneLine: 120, line: 32, gap: 8, none: 64 });
const COLUMN_SPACE = 648;
const YELLOW_RESERVE = 2;
const TICK_MS = 1_000;

/**
 * How many red and yellow cards fit. Red is served first, but never pushes the two oldest yellow cards off the wall.
 * @returns {{red: number, yellow: number}}
 */
export function fitCards(reds, yellows, space = COLUMN_SPACE) {
  const left = space - [reds, yellows].filter((cards) => cards.length === 0).length * CARD.none;
  const reserved = heightOf(yellows.slice(0, YELLOW_RESERVE));
  const red = countThatFit(reds, left - reserved);
  const yellow = countThatFit(yellows, left - heightOf(reds.slice(0, red)));
  return { red, yellow };
}

function cardHeight(card) {
  return CARD.oneLine + (itemLines(card) - 1) * CARD.line + CARD.gap;
}

function heightOf(cards) {
  return cards.reduce((sum, card) => sum + cardHeight(card), 0);
}

function countThatFit(cards, space) {
  let used = 0;
  let count = 0;
  for (const card of cards) {
    used += cardHeight(card);
    if (used > space) break;
    count += 1;
  }
  return count;
}

/** @param {HTMLElement} root with [data-level=red|yellow] sections and part more */
export function mount(root, { store, t, now, clock, births, every }) {
  const more = root.querySelector("[data-part=more]");
  const columns = {};
  for (const level of ["red", "yellow"]) columns[level] = column(root.querySelector(`[data-level=${level}]`), t);

  function draw() {
    const state = store.get();
    const cards = { red: cardsOf(state, "red"), yellow: cardsOf(state, "yellow") };
    const fit = fitCards(cards.red, cards.yellow);
    const short = shortNames(state);
    const nowMs = now();
    const sums = totals(state);
    const view = { t, short, nowMs, serverNow: read(clock(), nowMs) };
    for (const level of ["red", "yellow"]) {
      columns[level].render(cards[level], { fit: fit[level], total: state.loaded ? sums[level] : null }, view, births);
    }
    setText(more, moreWords(sums.red - fit.red, sums.yellow - fit.yellow, t));
  }

  const leave = store.subscribe(draw);
  const stop = every(TICK_MS, draw);
  return () => { leave(); stop(); };
}

function column(root, t) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const parts = { count: part("count"), unack: part("unack"), empty: part("empty") };
  let view = null;
  let births = null;
  const list = keyedList(part("list"), {
    key: (card) => card.id,
    create: (card) => createCard(card, t),
    update: (node, card) => updateCard(node, card, { ...view, bornMs: births.get(card.id) }),
  });
  return {
    render(cards, { fit, total }, nextView, nextBirths) {
      view = nextView;
      births = nextBirths;
      const unsigned = cards.reduce((sum, card) => sum + needsAck(card), 0);
      setText(parts.count, thousands(total));
      setText(parts.unack, unsigned > 0 ? t("wall.card.unsigned_count", { n: unsigned }) : "");
      parts.empty.hidden = total !== 0;
      list.render(cards.slice(0, fit));
    },
  };
}

/** "另有 红牌 9 张 · 黄牌 23 张"; nothing when all are on the wall. */
export function moreWords(red, yellow, t) {
  const words = [];
  if (red > 0) words.push(t("wall.card.more_red", { n: red }));
  if (yellow > 0) words.push(t("wall.card.more_yellow", { n: yellow }));
  return words.length === 0 ? "" : t("wall.card.more", { what: words.join(" · ") });
}
