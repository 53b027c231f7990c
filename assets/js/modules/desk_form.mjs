/** The fields of a command: one maker per field, each with its label, so that a screen reader says what is asked. */

import { element } from "./keyed_list.mjs";

const WORDS_MAX = 500;
const SHELF_MINUTES = [15, 30, 60, 120];
const REPLY_LIMITS = ["1wd", "2wd", "3wd", "5wd", "10wd"];
const DECISIONS = ["uphold", "reject", "pass_up"];
const LEVELS = ["warning", "yellow", "red"];
const PHRASES = {
  acknowledge: ["called", "informed", "watching"], shelve: ["feed_repair", "correction_due", "planned_work"],
  dismiss: ["wrong_data", "within_rules"], propose_revoke: ["wrong_data", "within_rules"], reject_reply: ["no_cause", "no_proof"],
  request_reply: ["explain", "correct"], dispatch: ["explain", "correct"],
};

/**
 * @param {string} name a field of desk_actions.mjs
 * @param {{action: string, t: Function, places: {orgs: object[], items: object[]}, required: boolean, phraseKey?: string}} about
 * @returns {{node: HTMLElement, value: () => string, focus: () => void}}
 */
export function fieldOf(name, about) {
  return (MAKERS[name] ?? wordsField)(name, about);
}

const MAKERS = {
  until: (name, about) => choice(name, about, SHELF_MINUTES.map((minutes) => [String(minutes), about.t("desk.field.minutes", { n: minutes })]), "60"),
  reply_limit: (name, about) => choice(name, about, REPLY_LIMITS.map((limit) => [limit, about.t("desk.field.workdays", { n: limit.slice(0, -2) })]), "5wd"),
  decision: (name, about) => choice(name, about, DECISIONS.map((one) => [one, about.t(`desk.decision.${one}`)]), ""),
  level: (name, about) => choice(name, about, LEVELS.map((one) => [one, about.t(`level.${one}`)]), "yellow"),
  org: (name, about) => choice(name, about, about.places.orgs.map(({ code, name: words }) => [code, words]), ""),
  item: itemField,
  title: lineField, basis: lineField,
};

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

/** The same box asks for different things: what the department is to do, why a card is put aside. */
function labelKey(action, name) {
  return name === "text" || name === "reason" ? `desk.ask.${action}` : `desk.field.${name}`;
}
