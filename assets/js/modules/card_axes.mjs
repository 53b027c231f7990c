/**
 * The axes of a card (docs/push-protocol.md) and the questions pages ask of them. Pure. A card of an older message may lack an
 * axis; it then has the value every card begins with, never a blank.
 */

import { needsAck } from "./live_state.mjs";

const SECOND_SIGNERS = ["shift_leader"];
const OPEN_APPEALS = ["filed", "passed_up"];

/** What a card is called: its item, else its rule, so that none is without a name. */
export const nameOf = (card) => card.item_name || card.rule || "";
export const dispositionOf = (card) => card.disposition ?? (card.state === "unack" || card.state === "rtn_unack" ? "to_sign" : "signed");
export const isToConfirm = (card) => dispositionOf(card) === "to_confirm";
export const isShelved = (card) => card.suppression?.kind === "shelved";
export const isOutOfService = (card) => card.suppression?.kind === "out_of_service";
export const isStoppedByLaw = (card) => card.suppression?.kind === "by_design";
export const isQuiet = (card) => Boolean(card.suppression);
export const isReplied = (card) => dispositionOf(card) === "replied";
export const isUnderOrder = (card) => dispositionOf(card) === "under_order";
export const hasAppeal = (card) => OPEN_APPEALS.includes(card.appeal);
export const hasRevocation = (card) => Boolean(card.revocation);

/** One of two signatures is there: a red card that waits for the other one. */
export const isHalfSigned = (card) => needsAck(card) === 1 && Boolean(card.first);

/**
 * Whether a second signature is what this person could give: he is not the first, and has the role that is missing. One of the
 * two is a shift leader's, the other an officer's.
 */
export function awaitsMine(card, me) {
  if (!isHalfSigned(card) || card.first.by === me.display_name) return false;
  return card.first.as === "shift_leader" || me.roles.some((role) => SECOND_SIGNERS.includes(role));
}

/** A reply was due and did not come. `nowMs` null: unknown, then nothing is called late. */
export function isReplyOverdue(card, nowMs) {
  const due = Date.parse(card.reply_due_at ?? "");
  return nowMs != null && !Number.isNaN(due) && !isReplied(card) && due < nowMs;
}

/** How often it asked for a signature again. */
export const alarmsAgain = (card) => card.re_alarms ?? 0;

/** What stands in the row beside the state: each a code with its values, worst first. */
export function notesOf(card, nowMs) {
  const notes = [];
  if (isReplyOverdue(card, nowMs)) notes.push({ code: "reply_overdue" });
  if (isReplied(card)) notes.push({ code: "replied" });
  if (hasAppeal(card)) notes.push({ code: card.appeal === "passed_up" ? "appeal_passed_up" : "appeal_filed" });
  if (hasRevocation(card)) notes.push({ code: "revocation", by: card.revocation.name });
  if (isUnderOrder(card)) notes.push({ code: "under_order", no: card.order_no ?? "" });
  if (card.escalation > 0) notes.push({ code: "escalated", n: card.escalation });
  if (alarmsAgain(card) > 0) notes.push({ code: "again", n: alarmsAgain(card) });
  return notes;
}
