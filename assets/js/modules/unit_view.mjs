/** What a department sees of its cards: what it owes first, what is decided elsewhere, what is over. Pure. */

import { LEVELS } from "./live_state.mjs";

export const SECTIONS = ["owed", "open", "waiting", "closed"];

/** Which section a card stands in: owed (a reply is due), open, waiting (replied or under appeal), closed. */
export function sectionOf(card) {
  if (card.state === "closed") return "closed";
  if (card.disposition === "replied" || card.appeal === "filed" || card.appeal === "passed_up") return "waiting";
  return card.reply_due_at ? "owed" : "open";
}

/** The cards by section: what falls due first stands first; without a date the worst and oldest; the last closed first. */
export function sections(cards) {
  const found = Object.fromEntries(SECTIONS.map((name) => [name, []]));
  for (const card of cards) found[sectionOf(card)].push(card);
  found.owed.sort((a, b) => time(a.reply_due_at) - time(b.reply_due_at) || a.id - b.id);
  for (const name of ["open", "waiting"]) found[name].sort((a, b) => LEVELS[b.level] - LEVELS[a.level] || time(a.level_at) - time(b.level_at) || a.id - b.id);
  found.closed.sort((a, b) => time(b.closed_at) - time(a.closed_at) || b.id - a.id);
  return found;
}

/** "还剩 2 个工作日", "今天到期", "逾期 3 个工作日"; `left` is counted by the server in the calendar of the area. */
export function leftWords(card, t) {
  if (card.left == null) return "";
  if (card.overdue) return card.left < 0 ? t("unit.left.over", { n: -card.left }) : t("unit.left.just_over");
  return card.left === 0 ? t("unit.left.today") : t("unit.left.days", { n: card.left });
}

/** How pressing: a class for colour and weight, never the only sign. */
export function pressure(card) {
  if (card.left == null) return "none";
  if (card.overdue) return "over";
  return card.left <= 1 ? "soon" : "far";
}

/** What the department may do with a card now. */
export function may(card) {
  const isOpen = card.state !== "closed";
  return {
    reply: isOpen && card.disposition !== "replied",
    appeal: isOpen && !["filed", "passed_up", "upheld", "rejected"].includes(card.appeal),
  };
}

/** A file refused before it is sent, in words; empty when it may go. */
export function fileProblem({ name, size }, { types, max_bytes: most }, t) {
  const ending = name.includes(".") ? name.split(".").pop().toLowerCase() : "";
  if (!types.includes(ending)) return t("unit.file.type", { name, types: types.join("、") });
  if (size === 0) return t("unit.file.empty", { name });
  if (size > most) return t("unit.file.size", { name, mb: Math.floor(most / 104857.6) / 10 });
  return "";
}

/** 1536 → "1.5 KB". */
export function sizeWords(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function time(iso) {
  return Date.parse(iso ?? "") || 0;
}
