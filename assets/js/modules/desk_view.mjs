/** What the duty desk shows of the active cards. Pure: no DOM, no socket, no clock. */

import { awaitsMine, hasAppeal, hasRevocation, isQuiet, isReplied, isReplyOverdue, isToConfirm,
  isUnderOrder } from "./card_axes.mjs";
import { LEVELS, needsAck } from "./live_state.mjs";

export const ANY = "";
/** The server takes no more in one command (alerts/rules.py). */
export const CARDS_PER_COMMAND = 200;

/** @typedef {{level: string, org: string, view: string, text: string}} Filter */
export const NO_FILTER = Object.freeze({ level: ANY, org: ANY, view: ANY, text: "" });

/** What the desk can be narrowed to, in the order of the keys 1 to 9. Each asks one question of a card. */
export const VIEWS = {
  waiting: (card) => needsAck(card) === 1,
  second: (card, { me }) => awaitsMine(card, me),
  to_confirm: isToConfirm,
  replied: isReplied,
  overdue: (card, { nowMs }) => isReplyOverdue(card, nowMs),
  under_order: isUnderOrder,
  appeals: hasAppeal,
  revocations: hasRevocation,
  shelved: isQuiet,
};
const NOBODY = Object.freeze({ me: Object.freeze({ name: "", roles: Object.freeze([]) }), nowMs: null });

/** Unsigned, then waiting for confirmation, then in hand, then kept quiet. */
function turn(card) {
  if (needsAck(card)) return 0;
  if (isToConfirm(card)) return 1;
  return isQuiet(card) ? 3 : 2;
}

/** Unsigned first; red before yellow before warning; the oldest of each first. Ties by id, so that two desks agree. */
export function byDuty(a, b) {
  return turn(a) - turn(b) || LEVELS[b.level] - LEVELS[a.level] || time(a.level_at) - time(b.level_at) || a.id - b.id;
}

/** @param {{me: {name: string, roles: string[]}, nowMs: number|null}} around who looks, and when */
export function matches(card, filter, around = NOBODY) {
  if (filter.level && card.level !== filter.level) return false;
  if (filter.org && card.org !== filter.org) return false;
  if (filter.view && !VIEWS[filter.view](card, around)) return false;
  return words(filter.text).every((word) => haystack(card).includes(word));
}

/** Cards in the order of duty that pass the filter. */
export function listed(cards, filter, around = NOBODY) {
  return [...cards].filter((card) => matches(card, filter, around)).sort(byDuty);
}

/** How many cards each view holds. */
export function viewCounts(cards, around = NOBODY) {
  return Object.fromEntries(Object.entries(VIEWS).map(([name, asks]) => [name, cards.filter((card) => asks(card, around)).length]));
}

/** The next card after this one that waits for a signature, from the top again behind the last; null when none waits. */
export function nextWaiting(cards, selectedId) {
  const at = cards.findIndex((card) => card.id === selectedId);
  const turned = [...cards.slice(at + 1), ...cards.slice(0, at + 1)];
  return turned.find((card) => needsAck(card) === 1) ?? null;
}

/** "（46）值班席": what the tab of a browser says while somebody works in another one. */
export function tabTitle(title, waiting, oldest) {
  return waiting > 0 ? `（${waiting}）${title}${oldest ? ` · ${oldest}` : ""}` : title;
}

/** Counts by level and of those that wait, and the instant since which the oldest of them waits. */
export function tally(cards) {
  const counts = { all: 0, waiting: 0, oldest: null };
  for (const level of Object.keys(LEVELS)) counts[level] = { all: 0, waiting: 0 };
  for (const card of cards) {
    counts.all += 1;
    counts[card.level].all += 1;
    if (needsAck(card) === 0) continue;
    counts.waiting += 1;
    counts[card.level].waiting += 1;
    if (counts.oldest == null || time(card.level_at) < time(counts.oldest)) counts.oldest = card.level_at;
  }
  return counts;
}

/** Departments that have a card now, by name, each with its number. */
export function departments(cards) {
  const found = new Map();
  for (const { org, org_name: name } of cards) {
    const known = found.get(org) ?? { org, name: name || org, count: 0 };
    known.count += 1;
    found.set(org, known);
  }
  return [...found.values()].sort((a, b) => b.count - a.count || a.name.localeCompare(b.name, "zh"));
}

/** The card to stand on after the list changed: the same one, else the one now in its place. */
export function standing(cards, selectedId, lastIndex) {
  if (cards.length === 0) return null;
  const found = cards.find((card) => card.id === selectedId);
  return found ?? cards[Math.min(Math.max(lastIndex, 0), cards.length - 1)];
}

/** The card `steps` further down (up when negative), staying inside the list. */
export function stepFrom(cards, selectedId, steps) {
  if (cards.length === 0) return null;
  const at = cards.findIndex((card) => card.id === selectedId);
  return cards[Math.min(Math.max(at + steps, 0), cards.length - 1)];
}

/**
 * What a command acknowledges: exactly the revisions that were on the screen when the person decided. A card that changes
 * meanwhile is refused by the server and stays unsigned.
 */
export function revisions(cards) {
  return cards.filter((card) => needsAck(card) === 1).slice(0, CARDS_PER_COMMAND).map(refOf);
}

export const refOf = ({ id, rev }) => ({ id, rev });

function words(text) {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

function haystack(card) {
  return [card.case_no, card.org_name, card.item_name, card.rule, card.late_text].join(" ").toLowerCase();
}

function time(iso) {
  return Date.parse(iso ?? "") || 0;
}
