/**
 * Signing (签收): a comment and a button. When it opens, the revisions on the screen are noted, and these alone are signed:
 * what changes while somebody types stays unsigned.
 */

import { element, setText, toggle } from "./keyed_list.mjs";
import { revisions } from "./desk_view.mjs";

const COMMENT_MAX = 500;
const PHRASES = ["called", "informed", "watching"];

/** @param {HTMLElement} parent @param {{t: Function, mayAcknowledge: boolean, onSign: Function, onCancel: Function}} deps */
export function signForm(parent, { t, mayAcknowledge, onSign, onCancel }) {
  let chosen = [];
  let noted = null;
  const button = plainButton("button button-main sign-open", "", open);
  const why = element("p", "sign-why", mayAcknowledge ? "" : t("desk.sign.not_yours"));
  const form = element("form", "sign-form");
  const title = element("p", "sign-title");
  const comment = commentBox();
  const phrases = element("div", "sign-phrases");
  phrases.append(...PHRASES.map((name) => plainButton("sign-phrase", t(`desk.sign.phrase.${name}`), () => add(t(`desk.sign.phrase.${name}`)))));
  const submit = element("button", "button button-main", t("desk.sign.submit"));
  const cancel = plainButton("button", t("desk.sign.cancel"), () => { close(); onCancel(); });
  const buttons = element("div", "sign-buttons");
  buttons.append(submit, cancel, element("span", "sign-hint", t("desk.sign.hint")));
  form.append(title, phrases, comment, buttons);
  form.addEventListener("submit", (event) => { event.preventDefault(); sign(); });
  parent.replaceChildren(button, why, form);
  close();

  function plainButton(className, words, onClick) {
    const node = element("button", className, words || null);
    node.type = "button";
    node.addEventListener("click", onClick);
    return node;
  }

  function commentBox() {
    const box = element("textarea", "field sign-comment");
    Object.assign(box, { rows: 3, maxLength: COMMENT_MAX, placeholder: t("desk.sign.comment") });
    box.setAttribute("aria-label", t("desk.sign.comment"));
    box.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sign(); });
    return box;
  }

  function add(phrase) {
    comment.value = comment.value ? `${comment.value}；${phrase}` : phrase;
    comment.focus();
  }

  function open() {
    const wanted = revisions(chosen);
    if (!mayAcknowledge || wanted.length === 0 || button.disabled) return;
    noted = wanted;
    setText(title, wanted.length === 1 ? t("desk.sign.one", { item: itemOf(wanted[0].id) }) : t("desk.sign.many", { n: wanted.length }));
    form.hidden = false;
    button.hidden = true;
    comment.focus();
  }

  function itemOf(id) {
    return chosen.find((card) => card.id === id)?.item_name ?? "";
  }

  function sign() {
    if (noted == null) return;
    const cards = noted;
    const words = comment.value.trim();
    close();
    comment.value = "";
    onSign(cards, words);
  }

  function close() {
    noted = null;
    form.hidden = true;
    button.hidden = false;
  }

  function render(cards, sending) {
    chosen = cards;
    const waiting = revisions(cards).length;
    button.disabled = !mayAcknowledge || waiting === 0 || sending;
    setText(button, sending ? t("desk.sign.sending") : waiting > 1 ? t("desk.sign.open_many", { n: waiting }) : t("desk.sign.open"));
    toggle(why, "is-shown", !mayAcknowledge);
  }

  return { render, open, close };
}
