/** The fields of a command: one maker per field, each with its label, so that a screen reader says what is asked. */

import { element } from "./keyed_list.mjs";

const WORDS_MAX = 500;
const HOUR_MIN = 60, DAY_MIN = 24 * 60;
// For how long a card may be put aside, in minutes, and what is meant at first ("": somebody has to choose).
const QUIET_MINUTES = {
  shelve: { choices: [15, 30, 60, 120], first: "60" },
  take_out_of_service: { choices: [4 * HOUR_MIN, 8 * HOUR_MIN, DAY_MIN, 2 * DAY_MIN, 3 * DAY_MIN, 7 * DAY_MIN, 14 * DAY_MIN, 30 * DAY_MIN], first: "" },
  stop_by_law: { choices: [5, 10, 15, 20, 30, 45, 60, 90, 120, 180].map((days) => days * DAY_MIN), first: "" },
};
const REPLY_LIMITS = ["1wd", "2wd", "3wd", "5wd", "10wd"];
const DECISIONS = ["uphold", "reject", "pass_up"];
const LEVELS = ["warning", "yellow", "red"];
const PHRASES = {
  acknowledge: ["called", "informed", "watching"], shelve: ["feed_repair", "correction_due", "planned_work"],
  take_out_of_service: ["feed_repair", "rule_review", "planned_work"], stop_by_law: ["hearing", "expert_review", "litigation"],
  dismiss: ["wrong_data", "within_rules"], propose_revoke: ["wrong_data", "within_rules"], reject_reply: ["no_cause", "no_proof"],
  request_reply: ["explain", "correct"], dispatch: ["explain", "correct"],
};

/**
 * @param {string} name a field of desk_actions.mjs
 * @param {{action: string, t: Function, places: {orgs: object[], items: object[]}, limits: object, required: boolean, phraseKey?: string}} about
 * @returns {{node: HTMLElement, value: () => string, focus: () => void}}
 */
export function fieldOf(name, about) {
  return (MAKERS[name] ?? wordsField)(name, about);
}

const MAKERS = {
  until: untilField,
  reply_limit: (name, about) => choice(name, about, REPLY_LIMITS.map((limit) => [limit, about.t("desk.field.workdays", { n: limit.slice(0, -2) })]), "5wd"),
  decision: (name, about) => choice(name, about, DECISIONS.map((one) => [one, about.t(`desk.decision.${one}`)]), ""),
  level: (name, about) => choice(name, about, LEVELS.map((one) => [one, about.t(`level.${one}`)]), "yellow"),
  org: (name, about) => choice(name, about, about.places.orgs.map(({ code, name: words }) => [code, words]), ""),
  item: itemField,
  title: lineField, basis: lineField,
};

/** What the server would refuse is not offered. */
function untilField(name, about) {
  const { choices, first } = QUIET_MINUTES[about.action];
  const most = about.limits?.[about.action] ?? Infinity;
  return choice(name, about, choices.filter((minutes) => minutes <= most).map((minutes) => [String(minutes), lengthOf(minutes, about.t)]), first);
}

function lengthOf(minutes, t) {
  if (minutes % DAY_MIN === 0) return t("desk.field.days", { n: minutes / DAY_MIN });
  return minutes > 2 * HOUR_MIN ? t("desk.field.hours", { n: minutes / HOUR_MIN }) : t("desk.field.minutes", { n: minutes });
}

/** Items of the department chosen above; none may be chosen. */
function itemField(name, about) {
  const field = choice(name, { ...about, required: false }, [], "");
  field.follow = (org) => {
    const items = about.places.items.filter((item) => item.org === org);
    fill(field.control, items.map(({ code, name: words }) => [code, words]), about.t("desk.field.no_item"), "");
  };
  field.follow("");
  return field;
}

function choice(name, about, options, first) {
  const select = element("select", "field act-select");
  fill(select, options, first === "" ? about.t("desk.field.choose") : null, first);
  return labelled(name, about, select);
}

function fill(select, options, empty, first) {
  select.replaceChildren(...(empty == null ? [] : [new Option(empty, "")]), ...options.map(([value, words]) => new Option(words, value)));
  select.value = first;
}

function lineField(name, about) {
  const input = element("input", "field act-line");
  Object.assign(input, { type: "text", maxLength: 200, autocomplete: "off" });
  return labelled(name, about, input);
}

function wordsField(name, about) {
  const box = element("textarea", "field act-words");
  Object.assign(box, { rows: 3, maxLength: WORDS_MAX });
  const field = labelled(name, about, box);
  const phrases = phrasesOf(about, (phrase) => { box.value = box.value ? `${box.value}；${phrase}` : phrase; box.focus(); });
  if (phrases) field.node.insertBefore(phrases, box);
  return field;
}

function phrasesOf({ action, t }, add) {
  const names = PHRASES[action] ?? [];
  if (names.length === 0) return null;
  const row = element("div", "act-phrases");
  row.append(...names.map((name) => {
    const words = t(`desk.phrase.${action}.${name}`);
    const button = element("button", "act-phrase", words);
    button.type = "button";
    button.addEventListener("click", () => add(words));
    return button;
  }));
  return row;
}

function labelled(name, { action, t, required }, control) {
  const node = element("div", `act-field field-${name}`);
  const label = element("label", "act-label", t(labelKey(action, name)));
  control.id = `act-${name}`;
  label.htmlFor = control.id;
  if (required) control.setAttribute("aria-required", "true");
  label.append(element("span", "act-need", required ? t("desk.field.required") : t("desk.field.optional")));
  node.append(label, control);
  return { node, control, value: () => control.value.trim(), focus: () => control.focus() };
}

/** The same box asks for different things: what the department is to do, why and for how long a card is put aside. */
function labelKey(action, name) {
  return name === "text" || name === "reason" ? `desk.ask.${action}` : name === "until" ? `desk.until.${action}` : `desk.field.${name}`;
}
