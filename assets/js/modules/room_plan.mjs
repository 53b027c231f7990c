/**
 * What the room hears next, and when. Pure: no sound, no clock, no network.
 *
 * A new card is a tone and one sentence. Until somebody acknowledges it, the tone comes back: red every ten seconds, yellow every
 * thirty. A flood is one summary a minute. The horn can be silenced for a while; nothing that was missed is made up for later.
 *
 * @typedef {{kind: "card", level: string, id: number, rev: number}|{kind: "flood", red: number, yellow: number}|{kind: "tone", level: string}} Sound
 */

import { LEVELS } from "./live_state.mjs";

export const FLOOD = 10;
export const FLOOD_EVERY_MS = 60_000;
export const TONE_EVERY_MS = { red: 10_000, yellow: 30_000 };
const NEWS_FOR_MS = 60_000;
const AUDIBLE = ["red", "yellow"];

/** Memory of what was heard. */
export function silentRoom() {
  return { news: [], toneAtMs: -Infinity, floodAtMs: -Infinity };
}

/** Cards that arrived wait to be said. Pure. */
export function withNews(room, cards, nowMs) {
  const audible = cards.filter((card) => AUDIBLE.includes(card.level));
  const fresh = audible.map((card) => ({ id: card.id, rev: card.rev, level: card.level, atMs: nowMs }));
  return fresh.length === 0 ? room : { ...room, news: [...room.news, ...fresh].slice(-1_000) };
}

/**
 * @param {object} room memory
 * @param {{cards: Map<number, object>, nowMs: number, speaks: boolean, silent: boolean, busy: boolean}} situation
 * @returns {{room: object, sound: Sound|null}}
 */
export function next(room, { cards, nowMs, speaks, silent, busy }) {
  if (!speaks || silent) return { room: { ...room, news: [] }, sound: null };
  if (busy) return { room, sound: null };
  const news = room.news.filter((one) => nowMs - one.atMs < NEWS_FOR_MS && waits(cards.get(one.id)));
  if (news.length > FLOOD) return flood({ ...room, news }, nowMs);
  if (news.length > 0) return sentence({ ...room, news }, nowMs);
  return reminder({ ...room, news }, cards, nowMs);
}

/** The worst level that still waits for a person, or null: what the horn sounds for. */
export function hornLevel(cards) {
  let worst = null;
  for (const card of cards.values()) {
    if (AUDIBLE.includes(card.level) && waits(card) && (worst === null || LEVELS[card.level] > LEVELS[worst])) worst = card.level;
  }
  return worst;
}

/** Unacknowledged, and its condition still stands: what is over asks for a signature, not for the horn. */
function waits(card) {
  return card !== undefined && card.state === "unack" && card.condition;
}

function flood(room, nowMs) {
  if (nowMs - room.floodAtMs < FLOOD_EVERY_MS) return { room, sound: null };
  const count = (level) => room.news.filter((one) => one.level === level).length;
  const sound = { kind: "flood", red: count("red"), yellow: count("yellow") };
  return { room: { ...room, news: [], floodAtMs: nowMs, toneAtMs: nowMs }, sound };
}

function sentence(room, nowMs) {
  const [first, ...rest] = [...room.news].sort((a, b) => LEVELS[b.level] - LEVELS[a.level] || a.atMs - b.atMs);
  return { room: { ...room, news: rest, toneAtMs: nowMs }, sound: { kind: "card", level: first.level, id: first.id, rev: first.rev } };
}

function reminder(room, cards, nowMs) {
  const level = hornLevel(cards);
  if (level === null || nowMs - room.toneAtMs < TONE_EVERY_MS[level]) return { room, sound: null };
  return { room: { ...room, toneAtMs: nowMs }, sound: { kind: "tone", level } };
}
