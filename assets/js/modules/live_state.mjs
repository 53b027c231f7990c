/**
 * The state of a live page and the only function that changes it. Pure: no DOM, no socket, no clock.
 *
 * A message in, a new state and what must happen next out. A repeated event changes nothing; a gap is never papered over.
 *
 * @typedef {{id:number, rev:number, level:string, state:string, opened_at:string, level_at:string}} Card
 * @typedef {{resync:boolean, arrived:Card[], shown:number|null}} Effects
 */

import { instant } from "./format.mjs";
import { spoken } from "./spoken.mjs";

export const LEVELS = { warning: 1, yellow: 2, red: 3 };
const NOTHING = Object.freeze({ resync: false, arrived: Object.freeze([]), shown: null });
const GAUGES = ["server_time", "board", "figures", "feeds", "room", "duty", "calendar", "alarms", "forecast"];

/** State before the first snapshot: nothing is known, and nothing is claimed. `names`: short names by department;
 *  `language`: that of the page. */
export function initialState(names = {}, language = "") {
  return {
    names, language,
    loaded: false, epoch: null, last: 0, build: null, demo: false, serverTime: null,
    board: null, figures: null, feeds: [], room: null, duty: null, calendar: null, alarms: [], forecast: null,
    cards: new Map(), counts: null, partial: false, headSeq: 0, hashMatches: true,
  };
}

/** @returns {{state: object, effects: Effects}} */
export function applyMessage(state, kind, message) {
  const handler = HANDLERS[kind];
  if (!handler || message == null) return { state, effects: NOTHING };
  return handler(state, message);
}

const HANDLERS = { snapshot: applySnapshot, events: applyEvents, gauge: applyGauge, heartbeat: applyHeartbeat };

function applySnapshot(state, message) {
  const cards = new Map();
  for (const card of message.cards ?? []) if (card.state !== "closed") cards.set(card.id, spoken(card, state.language));
  const next = {
    ...withGauges(state, message), loaded: true, epoch: message.epoch, last: message.as_of_seq,
    build: message.build ?? null, demo: Boolean(message.demo), cards, counts: message.counts ?? null,
    partial: activeIn(message.counts) > cards.size, headSeq: message.as_of_seq, hashMatches: true,
  };
  return { state: next, effects: { ...NOTHING, shown: message.as_of_seq } };
}

function applyEvents(state, message) {
  if (!state.loaded) return { state, effects: { ...NOTHING, resync: true } };
  let { last } = state;
  let cards = state.cards;
  const arrived = [];
  let resync = false;
  for (const { seq, card: told } of message.events ?? []) {
    if (seq <= last) continue;
    if (seq !== last + 1) { resync = true; break; }
    last = seq;
    if (!told || !isNewer(cards.get(told.id), told)) continue;
    const card = spoken(told, state.language);
    if (cards === state.cards) cards = new Map(cards);
    if (isArrival(cards.get(card.id), card)) arrived.push(card);
    if (card.state === "closed") cards.delete(card.id); else cards.set(card.id, card);
  }
  if (last === state.last) return { state, effects: { ...NOTHING, resync } };
  return { state: { ...state, last, cards, headSeq: Math.max(state.headSeq, last) }, effects: { resync, arrived, shown: last } };
}

function applyGauge(state, message) {
  return { state: withGauges(state, message), effects: NOTHING };
}

function applyHeartbeat(state, message) {
  const comparable = message.head_seq === state.last && !state.partial && message.hash != null;
  const hashMatches = !comparable || message.hash === cardsHash(state.cards.values());
  const next = { ...state, headSeq: message.head_seq, counts: message.counts ?? state.counts, hashMatches,
    serverTime: message.server_time ?? state.serverTime };
  return { state: next, effects: { ...NOTHING, resync: state.loaded && !hashMatches } };
}

function activeIn(counts) {
  return counts ? counts.warning + counts.yellow + counts.red : 0;
}

function withGauges(state, message) {
  const next = { ...state };
  for (const name of GAUGES) {
    if (message[name] !== undefined) next[name === "server_time" ? "serverTime" : name] = message[name];
  }
  if (message.alarms) next.alarms = message.alarms.map((alarm) => spoken(alarm, state.language));
  return next;
}

function isNewer(known, card) {
  return known === undefined || card.rev > known.rev;
}

/** Something people have not been told yet: a new card, or one that became worse. */
function isArrival(known, card) {
  if (card.state !== "unack" || !card.condition) return false;
  return known === undefined || LEVELS[card.level] > LEVELS[known.level];
}

/** Order-free fingerprint of the active cards, the same sum the server computes. Unsigned 32 bit. */
export function cardsHash(cards) {
  let sum = 0;
  for (const { id, rev } of cards) sum = (sum + (Math.imul(id, 2654435761) + Math.imul(rev, 40503))) >>> 0;
  return sum;
}

/** Oldest unacknowledged first; then the acknowledged, oldest first. Ties by id, so that two screens agree. */
export function byUrgency(a, b) {
  return needsAck(b) - needsAck(a) || compare(a.level_at, b.level_at) || a.id - b.id;
}

/** Unacknowledged first, worst level first, newest first: the order of the queue. */
export function byNews(a, b) {
  return needsAck(b) - needsAck(a) || LEVELS[b.level] - LEVELS[a.level] || compare(b.level_at, a.level_at) || b.id - a.id;
}

export function needsAck(card) {
  return card.state === "unack" || card.state === "rtn_unack" ? 1 : 0;
}

function compare(a, b) {
  const left = Date.parse(a ?? "") || 0;
  const right = Date.parse(b ?? "") || 0;
  return left - right;
}

/**
 * How many active cards there are. Counted from the cards themselves, so that a number and the list beside it never
 * disagree; only when the server sent a part of very many cards are its own counts taken.
 */
export function totals(state) {
  if (state.partial && state.counts) return { ...state.counts, oldest_unack_at: instant(state.counts.oldest_unack_at) };
  const sums = { warning: 0, yellow: 0, red: 0, unack: 0, oldest_unack_at: null };
  for (const card of state.cards.values()) {
    sums[card.level] += 1;
    if (!needsAck(card)) continue;
    sums.unack += 1;
    const at = instant(card.level_at);
    if (at != null && (sums.oldest_unack_at == null || at < sums.oldest_unack_at)) sums.oldest_unack_at = at;
  }
  return sums;
}

/** The name the wall prints for the department of a card: the short one, else what the card carries. */
export function shortNames(state) {
  const names = new Map((state.board?.rows ?? []).map((row) => [row.org, row.short]));
  return (card) => names.get(card.org) || state.names?.[card.org] || card.org_name || "";
}

/** Cards of one level in the given order. */
export function cardsOf(state, level, order = byUrgency) {
  return [...state.cards.values()].filter((card) => card.level === level).sort(order);
}
