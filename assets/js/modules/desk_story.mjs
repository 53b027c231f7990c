/** The life of a card told from its revisions: only what changed from one to the next. Pure. */

import { LEVELS } from "./live_state.mjs";

/**
 * @param {{at: string, card: object}[]} history every revision ever told, oldest first
 * @returns {{at: string, kind: string, level?: string, by?: string, text?: string}[]}
 */
export function storyOf(history) {
  const lines = [];
  let before = null;
  for (const { at, card } of history) {
    lines.push(...changes(before, card, at));
    before = card;
  }
  return lines;
}

function changes(before, card, at) {
  if (before == null) return [{ at: card.raised_at ?? at, kind: "raised", level: card.level, text: card.late_text }, ...aside(null, card, at)];
  const lines = [];
  const step = LEVELS[card.level] - LEVELS[before.level];
  if (step !== 0) lines.push({ at: step > 0 ? card.level_at : at, kind: step > 0 ? "worsened" : "eased", level: card.level, text: card.late_text });
  if (before.acked && !card.acked) lines.push({ at, kind: "asks_again", level: card.level });
  return [...lines, ...aside(before, card, at)];
}

function aside(before, card, at) {
  const lines = [];
  if (card.acked && before?.acked?.at !== card.acked.at) lines.push({ at: card.acked.at, kind: "acked", by: card.acked.by, text: card.acked.comment });
  if ((before?.condition ?? true) && !card.condition) lines.push({ at: card.cleared_at ?? at, kind: "cleared" });
  if (Boolean(before?.stale) !== Boolean(card.stale)) lines.push({ at, kind: card.stale ? "stale" : "fresh" });
  if (card.state === "closed" && before?.state !== "closed") lines.push({ at: card.closed_at ?? at, kind: "closed", text: card.closed_reason });
  return lines;
}
