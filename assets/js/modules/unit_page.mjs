/**
 * The page of a department: its cards, what it owes and until when; one opened, replied to with files, or appealed against. Asks
 * anew every few seconds; what somebody is writing stays as it is.
 */

import { nameOf } from "./card_axes.mjs";
import { newId } from "./desk_commands.mjs";
import { shortDue, shortInstant } from "./desk_list.mjs";
import { element, mark, setText, toggle } from "./keyed_list.mjs";
import { pageLanguage, spoken, spokenAnswer } from "./spoken.mjs";
import { unitForm } from "./unit_forms.mjs";
import { SECTIONS, leftWords, may, pressure, sections } from "./unit_view.mjs";

const AGAIN_MS = 10_000;

/** @param {HTMLElement} root the frame laid out by dashboard/pages/unit.py */
export function mount(root, { t, onFault }) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const page = { cards: [], selected: askedFor(), shown: "", form: null, drafts: new Map(), rules: null, said: "" };

  async function ask() {
    try {
      const answer = await fetch("/unit/cards", { headers: { Accept: "application/json" } });
      if (answer.status === 401) { location.reload(); return; }
      if (!answer.ok) throw new Error(`${answer.status}`);
      take(await answer.json());
      root.dataset.loaded = "true";
      setText(part("offline"), "");
    } catch (fault) {
      setText(part("offline"), t("unit.offline"));
      if (!(fault instanceof TypeError)) onFault(fault);
    }
  }

  function take(message) {
    page.cards = message.cards.map((card) => spoken(card, pageLanguage()));
    page.rules = message.rules;
    draw();
  }

  function draw() {
    const found = sections(page.cards);
    part("list").replaceChildren(...SECTIONS.filter((name) => found[name].length > 0).map((name) => sectionOf(name, found[name])));
    toggle(part("empty"), "is-shown", page.cards.length === 0);
    setText(part("owed"), String(found.owed.length));
    const over = found.owed.filter((card) => card.overdue).length;
    setText(part("over"), String(over));
    toggle(part("over"), "is-some", over > 0);
    const base = document.title.replace(/^（\d+）/, "");
    const wanted = found.owed.length > 0 ? `（${found.owed.length}）${base}` : base;
    if (document.title !== wanted) document.title = wanted;
    drawDetail();
  }

  function sectionOf(name, cards) {
    const box = element("section", `unit-section section-${name}`);
    const list = element("ul", "unit-cards");
    list.append(...cards.map(item));
    box.append(element("h2", "", t("unit.section.title", { name: t(`unit.section.${name}`), n: cards.length })), list);
    return box;
  }

  function item(card) {
    const line = element("li");
    const button = element("button", `unit-card pressure-${pressure(card)}`);
    button.type = "button";
    button.setAttribute("aria-current", String(card.id === page.selected));
    const words = element("span", "unit-card-words");
    words.append(element("strong", "", nameOf(card)), element("span", "num", card.case_no), element("span", "", card.late_text));
    const left = element("span", "unit-left num", leftWords(card, t) || stateOf(card));
    button.append(mark(card.level, t), words, left);
    button.addEventListener("click", () => select(card.id));
    line.append(button);
    return line;
  }

  function stateOf(card) {
    if (card.state === "closed") return t(`disposition.${card.disposition}`);
    if (card.appeal !== "none") return t(`appeal.${card.appeal}`);
    return t(`disposition.${card.disposition}`);
  }

  function select(id) {
    page.selected = id;
    page.form = null;
    page.said = "";
    history.replaceState(null, "", id == null ? location.pathname : `?card=${id}`);
    draw();
    if (id != null) part("detail").focus({ preventScroll: true });
  }

  async function drawDetail() {
    const card = page.cards.find((one) => one.id === page.selected) ?? null;
    toggle(root, "has-card", card != null);
    const key = card ? `${card.id}/${card.rev}/${page.form ?? ""}/${page.said}` : "none";
    if (key === page.shown) return;
    page.shown = key;
    if (!card) { part("detail").replaceChildren(element("p", "detail-empty", t("unit.choose"))); return; }
    const life = element("section", "unit-life");
    part("detail").replaceChildren(...pane(card), life);
    if (page.form) part("detail").querySelector("textarea")?.focus();
    const found = await storyOf(card.id);
    if (page.shown === key) life.replaceChildren(...found);
  }

  function pane(card) {
    const back = element("button", "button unit-back", t("unit.back"));
    back.type = "button";
    back.addEventListener("click", () => select(null));
    const head = element("header", `unit-head detail-${card.level}`);
    const title = element("div", "detail-title");
    title.append(element("span", "detail-level", `${t(`level.${card.level}`)} · ${card.late_text}`), element("h2", "", nameOf(card)));
    head.append(mark(card.level, t), title);
    const demand = element("p", "detail-action");
    demand.append(element("span", "detail-label", t("desk.detail.demanded")), element("span", "", card.demanded_action || "—"));
    return [back, head, dueOf(card), demand, facts(card), doing(card)];
  }

  function dueOf(card) {
    const words = leftWords(card, t);
    const line = element("p", `unit-due pressure-${pressure(card)}`);
    line.append(element("strong", "", words || stateOf(card)), element("span", "num", card.reply_due_at ? t("unit.reply_until", { at: shortDue(card.reply_due_at) }) : ""));
    return line;
  }

  function facts(card) {
    const list = element("dl", "facts");
    const rows = [["case_no", card.case_no], ["rule", card.rule], ["limit", card.limit_text], ["level_at", shortInstant(card.level_at)],
      ["due_at", card.due_at ? shortDue(card.due_at) : ""], ["order_no", card.order_no ?? ""], ["state", stateOf(card)]];
    for (const [name, value] of rows) if (value) list.append(element("dt", "", t(`unit.fact.${name}`)), element("dd", "num", value));
    const link = element("a", "", t("unit.evidence"));
    link.href = `/card/${card.id}`;
    const dd = element("dd");
    dd.append(link);
    list.append(element("dt", "", t("unit.fact.why")), dd);
    return list;
  }

  /** Either the two buttons or the form of one; what the server last said stands above. */
  function doing(card) {
    const box = element("div", "unit-doing");
    if (page.said) { const said = element("p", "unit-said", page.said); said.setAttribute("role", "status"); box.append(said); }
    if (page.form) { box.append(formOf(page.form, card).node); return box; }
    const allowed = may(card);
    for (const kind of ["reply", "appeal"]) {
      if (!allowed[kind]) continue;
      const button = element("button", `button unit-open-${kind}${kind === "reply" ? " button-main" : ""}`, t(`unit.${kind}.open`));
      button.type = "button";
      button.addEventListener("click", () => { page.form = kind; page.said = ""; drawDetail(); });
      box.append(button);
    }
    return box;
  }

  function formOf(kind, card) {
    const name = `${kind}/${card.id}`;
    if (!page.drafts.has(name)) page.drafts.set(name, { text: "", files: [] });
    return unitForm(kind, { t, card, rules: page.rules, draft: page.drafts.get(name),
      onClose: () => { page.form = null; drawDetail(); }, onSend: (command) => send(command, name) });
  }

  /** @returns {Promise<string>} why it was not taken; empty when it was */
  async function send(command, draft) {
    let answer;
    try {
      const response = await fetch("/api/v1/cards/commands", { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ command_id: newId(), ...command }) });
      answer = spokenAnswer(await response.json(), pageLanguage());
    } catch { return t("unit.offline"); }
    const result = answer.results?.[0];
    if (!result?.ok) { ask(); return result?.message ?? answer.detail ?? answer.message ?? t("desk.refused.unknown", { code: answer.code ?? answer.error ?? "—" }); }
    page.drafts.delete(draft);
    page.form = null;
    page.said = t(`unit.${command.type}.done`);
    await ask();
    return "";
  }

  async function storyOf(id) {
    try {
      const [card, files] = await Promise.all([`/api/v1/cards/${id}`, `/api/v1/cards/${id}/attachments`].map(async (address) => {
        const answer = await fetch(address, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(`${answer.status}`);
        return answer.json();
      }));
      return [element("h3", "", t("card.life")), lifeOf(card.log), ...filesOf(id, files.attachments)];
    } catch (fault) { return [element("p", "history-missing", t("desk.detail.history_missing", { why: fault.message }))]; }
  }

  function lifeOf(log) {
    const list = element("ol", "history-list");
    list.append(...log.map((line) => {
      const entry = element("li", `history-line action-${line.action}`);
      const words = element("span");
      words.append(element("strong", "", t(`card_action.${line.action}`)), ...(line.reason ? [element("span", "life-why", line.reason)] : []));
      entry.append(element("time", "num", shortInstant(line.at)), words);
      return entry;
    }));
    return list;
  }

  function filesOf(id, files) {
    if (files.length === 0) return [];
    const list = element("ul", "unit-files");
    list.append(...files.map((file) => {
      const line = element("li", "unit-file");
      const link = element("a", "unit-file-name", file.name);
      link.href = `/api/v1/cards/${id}/attachments/${file.sha256}`;
      line.append(link, element("span", "", file.uploaded_name));
      return line;
    }));
    return [element("h3", "", t("card.files")), list];
  }

  const timer = setInterval(ask, AGAIN_MS);
  const seen = () => { if (!document.hidden) ask(); };
  document.addEventListener("visibilitychange", seen);
  ask();
  return () => { clearInterval(timer); document.removeEventListener("visibilitychange", seen); };
}

/** `?card=17`: the card somebody was told of. */
function askedFor() {
  const id = Number(new URLSearchParams(location.search).get("card"));
  return Number.isInteger(id) && id > 0 ? id : null;
}
