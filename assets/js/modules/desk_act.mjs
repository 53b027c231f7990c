/**
 * The pane of commands: what can be done with the chosen cards, each with its key, and the form of the one being given.
 * When a form opens, the revisions on the screen are noted, and these alone are sent: what changes while somebody types is
 * refused by the server and stays as it is. What was written is kept until the server took it, and stands in the form of the
 * same command for the same cards when it is opened again.
 */

import { ACTIONS, ISSUE, actionOfKey, commandOf, lacking, mayDo, nameOfKey, offered, ACTION_KEYS } from "./desk_actions.mjs";
import { nameOf } from "./card_axes.mjs";
import { fieldOf } from "./desk_form.mjs";
import { refOf } from "./desk_view.mjs";
import { element, setText, toggle } from "./keyed_list.mjs";

/**
 * @param {HTMLElement} parent
 * @param {{t: Function, me: object, places: object, limits: object, onCommand: Function, onCancel: Function, say: Function}} deps
 */
export function actPane(parent, { t, me, places, limits = {}, onCommand, onCancel, say }) {
  const bar = element("div", "act-bar");
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", t("desk.act.label"));
  const why = element("p", "act-none");
  const form = element("form", "act-form");
  form.setAttribute("role", "dialog");
  form.hidden = true;
  parent.replaceChildren(bar, why, form);
  let chosen = [];
  let given = null;
  let written = null;
  let drawn = "";
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  form.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); submit(); } });

  function render(cards, isSending) {
    chosen = cards;
    const offers = offered(cards, me);
    const signature = JSON.stringify([isSending, offers.map(({ action, cards: found }) => [action.name, found.length]), cards.length]);
    if (signature === drawn) return;
    drawn = signature;
    bar.replaceChildren(...buttonsOf(offers, isSending));
    const maySign = mayDo(ACTIONS[0], me);
    toggle(why, "is-shown", offers.length === 0 || !maySign);
    setText(why, maySign ? t(cards.length === 0 ? "desk.act.choose" : "desk.act.nothing") : t("desk.act.not_yours"));
  }

  function buttonsOf(offers, isSending) {
    const first = offers.find(({ action }) => action.main);
    const buttons = offers.map((offer) => actionButton(offer, offer === first, isSending));
    if (mayDo(ISSUE, me)) buttons.push(actionButton({ action: ISSUE, cards: [] }, false, isSending));
    return buttons;
  }

  function actionButton({ action, cards }, isMain, isSending) {
    const button = element("button", `button act-button act-${action.name}${isMain ? " button-main act-main" : ""}`);
    button.type = "button";
    button.disabled = isSending;
    const words = isSending && isMain ? t("desk.act.sending") : t(`desk.command.${action.name}`);
    button.append(element("span", "", cards.length > 1 ? t("desk.act.count", { words, n: cards.length }) : words),
      element("kbd", "", action.keys[0].toUpperCase()));
    button.setAttribute("aria-keyshortcuts", action.keys.join(" "));
    button.addEventListener("click", () => open({ action, cards }));
    return button;
  }

  /** @returns {boolean} whether the key stands for a command here */
  function key(name) {
    if (!ACTION_KEYS.has(name.length === 1 ? name.toLowerCase() : name)) return false;
    if (ISSUE.keys.includes(name.toLowerCase()) && mayDo(ISSUE, me)) { open({ action: ISSUE, cards: [] }); return true; }
    const offer = actionOfKey(name, chosen, me);
    if (offer) open(offer);
    else say(t("desk.act.not_now", { what: t(`desk.command.${nameOfKey(name)}`) }), "refused");
    return true;
  }

  function open({ action, cards }) {
    given = { action, refs: cards.map(refOf) };
    const fields = new Map(action.fields.map((name) => [name, fieldOf(name, { action: action.name, t, places, limits, required: action.required.has(name) })]));
    given.fields = fields;
    if (isOfThese(action, cards)) refill(fields, written.values);
    fields.get("org")?.control.addEventListener("change", () => fields.get("item")?.follow(fields.get("org").value()));
    const title = element("h3", "act-title", titleOf(action, cards));
    title.id = "act-title";
    form.setAttribute("aria-labelledby", title.id);
    form.className = `act-form form-${action.name}`;
    form.replaceChildren(title, ...noteOf(action, cards), ...[...fields.values()].map(({ node }) => node), problemLine(), buttonRow(action));
    form.hidden = false;
    bar.hidden = true;
    ([...fields.values()][0] ?? { focus: () => form.querySelector("button").focus() }).focus();
  }

  const isOfThese = (action, cards) => written?.name === action.name && (cards.length > 0) === (written.ids.size > 0)
    && cards.every(({ id }) => written.ids.has(id));

  function refill(fields, values) {
    for (const [name, field] of fields) {
      if (name === "item") field.follow(values.org);
      field.control.value = values[name];
    }
  }

  function titleOf(action, cards) {
    const words = t(`desk.command.${action.name}`);
    if (cards.length === 0) return words;
    return cards.length === 1 ? t("desk.act.one", { words, item: nameOf(cards[0]) }) : t("desk.act.many", { words, n: cards.length });
  }

  /** What the person should know before he gives the command: who signed first, who proposed, what two persons means. */
  function noteOf(action, cards) {
    const [card] = cards;
    const notes = [];
    if (action.name === "acknowledge" && card?.first) notes.push(t("desk.act.first_signed", { by: card.first.by }));
    else if (action.name === "acknowledge" && cards.some(({ level }) => level === "red")) notes.push(t("desk.act.red_needs_two"));
    if (action.name === "propose_revoke") notes.push(t("desk.act.revoke_needs_two"));
    if (card?.revocation && action.name.endsWith("_revoke")) notes.push(t("desk.act.revoke_proposed", { by: card.revocation.name, reason: card.revocation.reason }));
    return notes.map((words) => element("p", "act-note", words));
  }

  function problemLine() {
    const line = element("p", "act-problem");
    line.setAttribute("role", "alert");
    return line;
  }

  function buttonRow(action) {
    const row = element("div", "act-buttons");
    const cancel = element("button", "button", t("desk.act.cancel"));
    cancel.type = "button";
    cancel.addEventListener("click", () => { close(); written = null; onCancel(); });
    row.append(element("button", "button button-main", t("desk.act.submit", { words: t(`desk.command.${action.name}`) })), cancel,
      element("span", "act-hint", t("desk.act.hint")));
    return row;
  }

  function submit() {
    if (given == null) return;
    const { action, refs, fields } = given;
    const values = valuesOf(fields);
    const [missing] = lacking(action, values);
    if (missing) {
      setText(form.querySelector(".act-problem"), t("desk.act.lacking", { field: form.querySelector(`label[for=act-${missing}]`).firstChild.textContent }));
      fields.get(missing).focus();
      return;
    }
    close();
    const sent = written;
    onCommand(commandOf(action, refs, values), action, () => { if (written === sent) written = null; });
  }

  const valuesOf = (fields) => Object.fromEntries([...fields].map(([name, field]) => [name, field.value()]));

  function close() {
    if (given != null) written = { name: given.action.name, ids: new Set(given.refs.map(({ id }) => id)), values: valuesOf(given.fields) };
    given = null;
    form.hidden = true;
    bar.hidden = false;
  }

  return { render, key, close, isOpen: () => given != null };
}
