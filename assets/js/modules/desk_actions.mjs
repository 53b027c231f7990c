/**
 * What can be done with a card: one row per command with its keys, its fields and when it fits. Pure.
 *
 * The table decides what is offered; the server (alerts/transitions.py) decides what is done, and answers a refusal in words.
 * `bulk`: several marked cards may be served by one command with one comment.
 */

import { awaitsMine, hasAppeal, hasRevocation, isOutOfService, isQuiet, isReplied, isShelved, isStoppedByLaw, isToConfirm,
  isUnderOrder } from "./card_axes.mjs";
import { needsAck } from "./live_state.mjs";
import { CARDS_PER_COMMAND } from "./desk_view.mjs";

const OFFICERS = ["duty_officer", "shift_leader", "inspector", "administrator"];
const DIRECTORS = [...OFFICERS, "leader"];
const JUDGES = ["shift_leader", "inspector", "leader"];
const REVIEWERS = ["inspector", "leader"];

const has = (me, ...roles) => roles.some((role) => me.roles.includes(role));
const isOpen = (card) => card.state !== "closed" && !isToConfirm(card);
const isSigned = (card) => Boolean(card.acked);
// An act once done stays done; a clock's condition is a fact that only a leader may overrule, with a basis.
const STANDING = ["clock", "order"];
const isOver = (card, me) => !(card.condition && STANDING.includes(card.origin ?? "clock")) || has(me, "leader");
// Put aside in any of the three ways; a red card by a shift leader or leader only.
const mayBeQuieted = (card, me) => isOpen(card) && !isQuiet(card) && (card.level !== "red" || has(me, "shift_leader", "leader"));

/** @typedef {{name: string, keys: string[], bulk: boolean, roles: string[], fields: string[], fits: Function, main?: boolean}} Action */
export const ACTIONS = [
  { name: "acknowledge", keys: ["a", "F2"], bulk: true, roles: OFFICERS, fields: ["comment"], main: true,
    fits: (card, me) => needsAck(card) === 1 && (!card.first || awaitsMine(card, me)) },
  { name: "confirm", keys: ["c"], bulk: true, roles: JUDGES, fields: ["reason"], main: true, fits: isToConfirm },
  { name: "dismiss", keys: ["x"], bulk: true, roles: JUDGES, fields: ["reason!"], fits: isToConfirm },
  { name: "accept_reply", keys: ["y"], bulk: false, roles: REVIEWERS, fields: ["reason"], main: true,
    fits: (card, me) => isReplied(card) && !hasAppeal(card) && isOver(card, me) },
  { name: "reject_reply", keys: ["n"], bulk: false, roles: REVIEWERS, fields: ["reason!", "reply_limit"], fits: isReplied },
  { name: "decide_appeal", keys: ["u"], bulk: false, roles: REVIEWERS, fields: ["decision!", "reason!"], main: true,
    fits: (card, me) => hasAppeal(card) && (card.appeal !== "passed_up" || has(me, "leader")) },
  { name: "confirm_revoke", keys: ["v"], bulk: false, roles: JUDGES, fields: ["reason"], main: true,
    fits: (card, me) => hasRevocation(card) && card.revocation.by !== me.name },
  { name: "reject_revoke", keys: ["b"], bulk: false, roles: JUDGES, fields: ["reason!"],
    fits: (card, me) => hasRevocation(card) && card.revocation.by !== me.name },
  { name: "request_reply", keys: ["r", "F4"], bulk: true, roles: DIRECTORS, fields: ["reason", "reply_limit"],
    fits: (card) => isOpen(card) && !isReplied(card) && !isUnderOrder(card) },
  { name: "dispatch", keys: ["d", "F9"], bulk: false, roles: DIRECTORS, fields: ["reason!", "reply_limit!"],
    fits: (card) => isOpen(card) && isSigned(card) && !isReplied(card) && !isUnderOrder(card) },
  { name: "shelve", keys: ["s", "F7"], bulk: true, roles: DIRECTORS, fields: ["reason!", "until!"], fits: mayBeQuieted },
  { name: "unshelve", keys: ["s", "F7"], bulk: true, roles: DIRECTORS, fields: ["reason"], fits: isShelved },
  { name: "take_out_of_service", keys: ["o"], bulk: true, roles: DIRECTORS, fields: ["reason!", "until!"], fits: mayBeQuieted },
  { name: "return_to_service", keys: ["o"], bulk: true, roles: DIRECTORS, fields: ["reason"], fits: isOutOfService },
  { name: "stop_by_law", keys: ["l"], bulk: true, roles: DIRECTORS, fields: ["reason!", "until!"], fits: mayBeQuieted },
  { name: "resume_by_law", keys: ["l"], bulk: true, roles: DIRECTORS, fields: ["reason"], fits: isStoppedByLaw },
  { name: "escalate", keys: ["e"], bulk: false, roles: DIRECTORS, fields: ["reason!"], fits: isOpen },
  { name: "propose_revoke", keys: ["v"], bulk: false, roles: DIRECTORS, fields: ["reason!"], fits: (card) => isOpen(card) && !hasRevocation(card) },
  { name: "write_off", keys: ["w"], bulk: false, roles: JUDGES, fields: ["reason!"],
    fits: (card, me) => isOpen(card) && isSigned(card) && !isReplied(card) && !isUnderOrder(card) && !hasAppeal(card) && isOver(card, me) },
  { name: "unacknowledge", keys: ["z"], bulk: false, roles: OFFICERS, fields: ["reason!"], fits: (card) => isOpen(card) && (isSigned(card) || Boolean(card.first)) },
  { name: "comment", keys: ["m"], bulk: true, roles: DIRECTORS, fields: ["comment!"], fits: (card) => card.state !== "closed" },
].map(withFields);
export const ISSUE = withFields({ name: "issue", keys: ["i"], bulk: false, roles: DIRECTORS,
  fields: ["level!", "org!", "item", "title!", "text", "basis"], fits: () => true });

/** A field with an exclamation mark must not stay empty. */
function withFields(action) {
  return { ...action, fields: action.fields.map((name) => name.replace("!", "")),
    required: new Set(action.fields.filter((name) => name.endsWith("!")).map((name) => name.slice(0, -1))) };
}

export const mayDo = (action, me) => action.roles.some((role) => me.roles.includes(role));

/** The cards of those chosen that the action fits; a single-card action takes the first only. */
export function fitting(action, cards, me) {
  const found = cards.filter((card) => action.fits(card, me));
  return action.bulk ? found.slice(0, CARDS_PER_COMMAND) : found.slice(0, 1);
}

/** What is offered for the chosen cards: each action with the cards it would serve, those that serve none left out. */
export function offered(cards, me) {
  return ACTIONS.filter((action) => mayDo(action, me))
    .map((action) => ({ action, cards: fitting(action, cards, me) }))
    .filter(({ cards: found }) => found.length > 0);
}

/** The action behind a key; of two on one key, the one that fits the chosen cards. */
export function actionOfKey(key, cards, me) {
  const wanted = key.length === 1 ? key.toLowerCase() : key;
  return offered(cards, me).find(({ action }) => action.keys.includes(wanted)) ?? null;
}

/** Every key that stands for an action, so that a page can say "not for this card" instead of nothing. */
export const ACTION_KEYS = new Set([...ACTIONS, ISSUE].flatMap(({ keys }) => keys));

/** Why nothing happens when a key is pressed: the name of the action it stands for. */
export function nameOfKey(key) {
  const wanted = key.length === 1 ? key.toLowerCase() : key;
  return [...ACTIONS, ISSUE].find(({ keys }) => keys.includes(wanted))?.name ?? "";
}

/** The command of an action: exactly the revisions that were on the screen when the form was opened. */
export function commandOf(action, refs, values) {
  const given = Object.fromEntries(Object.entries(values).filter(([name, value]) => action.fields.includes(name) && value !== ""));
  return { type: action.name, cards: refs, ...given };
}

/** Fields still to be filled in. */
export function lacking(action, values) {
  return action.fields.filter((name) => action.required.has(name) && !String(values[name] ?? "").trim());
}
