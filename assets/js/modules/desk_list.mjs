/** The rows of the desk: built once, then only what changed is written. */

import { civil, civilDue, instant, offsetMinutes, span } from "./format.mjs";
import { element, keyedList, mark, setText, toggle } from "./keyed_list.mjs";
import { isHalfSigned, isQuiet, isToConfirm, nameOf, notesOf } from "./card_axes.mjs";
import { needsAck } from "./live_state.mjs";

/**
 * @param {HTMLElement} parent the list box
 * @param {{t: Function, onSelect: (id: number) => void, onOpen: (id: number) => void, onCheck: (id: number) => void}} deps
 */
export function deskList(parent, { t, onSelect, onOpen, onCheck }) {
  const rows = keyedList(parent, { key: (item) => `${item.card.id}/${item.card.level}`, create, update });

  function create({ card }) {
    const row = element("li", "row");
    row.id = `card-${card.id}`;
    row.setAttribute("role", "option");
    const box = element("span", "row-check");
    box.setAttribute("aria-hidden", "true");
    const what = element("div", "row-what");
    what.append(element("span", "row-item"), element("span", "row-case num"));
    const org = element("div", "row-org");
    const limit = element("div", "row-limit");
    limit.append(element("span", "row-rule"), element("span", "row-days num"));
    const due = element("div", "row-due num");
    due.append(element("span", "row-due-at"), element("span", "row-late"));
    row.append(box, mark(card.level, t), what, org, limit, due, stateCell());
    row.addEventListener("click", (event) => (box.contains(event.target) ? onCheck(card.id) : onSelect(card.id)));
    row.addEventListener("dblclick", () => onOpen(card.id));
    return row;
  }

  function stateCell() {
    const cell = element("div", "row-state num");
    cell.append(element("span", "row-state-words"), element("span", "row-notes"));
    return cell;
  }

  function update(row, { card, selected, checked, sending, minute, serverNow, fold, answer }) {
    toggle(row, "is-selected", selected);
    toggle(row, "is-checked", checked);
    toggle(row, "is-sending", sending);
    setAttribute(row, "aria-selected", String(selected));
    toggle(row, "has-answer", Boolean(answer));
    if (row.card === card && row.minute === minute && row.fold === fold?.length && row.answer === answer) return;
    Object.assign(row, { card, minute, fold: fold?.length, answer });
    write(row, card, serverNow, fold, answer);
  }

  function write(row, card, serverNow, fold, answer) {
    const [, , what, org, limit, due, state] = row.children;
    row.className = row.className.replace(/ ?(is-waiting|is-over|is-quiet|is-half|is-to-confirm|hatched|row-\w+)/g, "");
    row.classList.add(`row-${card.level}`);
    for (const [name, on] of [["is-waiting", needsAck(card) === 1], ["is-over", !card.condition], ["is-quiet", isQuiet(card)],
      ["is-half", isHalfSigned(card)], ["is-to-confirm", isToConfirm(card)], ["hatched", card.stale]]) toggle(row, name, on);
    setText(what.children[0], nameOf(card));
    setText(what.children[1], fold ? t("desk.flood.folded", { no: card.case_no, n: fold.length - 1 }) : card.case_no);
    setText(org, card.org_name);
    setText(limit.children[0], card.rule);
    setText(limit.children[1], card.limit_text);
    setText(due.children[0], shortDue(card.due_at));
    setText(due.children[1], card.late_text);
    setText(state.children[0], stateWords(card, serverNow, t));
    const notes = [...notesOf(card, serverNow).map((note) => [note.code, t(`desk.note.${note.code}`, note)]),
      ...(answer ? [["answer", answer.words]] : [])];
    state.children[1].replaceChildren(...notes.map(([code, words]) => element("span", `note note-${code}`, words)));
    row.setAttribute("aria-label", [t(`level.${card.level}`), nameOf(card), what.children[1].textContent, card.org_name,
      card.late_text, stateWords(card, serverNow, t), ...notes.map(([, words]) => words)].filter(Boolean).join("，"));
  }

  return {
    render(items) { rows.render(items); },
    reveal(card) { if (card) rows.node(`${card.id}/${card.level}`)?.scrollIntoView({ block: "nearest" }); },
  };
}

/** "待签收 12 分", "待值班长签收（周立新 已签）", "已签收 李敏", "暂挂至 10:30", "停用至 10:30". */
export function stateWords(card, serverNow, t) {
  if (isToConfirm(card)) return t("desk.state.to_confirm");
  if (isQuiet(card)) return t(`desk.state.${card.suppression.kind}`, { until: shortInstant(card.suppression.until) });
  if (isHalfSigned(card)) return t("desk.state.half", { by: card.first.by });
  if (needsAck(card) === 0) return otherWords(card, t);
  if (card.state === "rtn_unack") return t("desk.state.rtn_unack");
  const since = instant(card.level_at);
  if (since == null || serverNow == null) return t("desk.state.unack");
  return t("desk.state.unack_for", { span: span(serverNow - since, t) });
}

function otherWords(card, t) {
  if (card.state === "acked") return t("desk.state.acked", { by: card.acked?.by ?? "" });
  return t(`card_state.${card.state}`);
}

/** "03-16 09:20", in the zone the server wrote it in. */
export function shortInstant(iso) {
  return short(iso, civil);
}

/** 03-16 24:00: the same of an instant from which something is late. */
export function shortDue(iso) {
  return short(iso, civilDue);
}

function short(iso, read) {
  const ms = instant(iso);
  if (ms == null) return "—";
  const { month, day, hm } = read(ms, offsetMinutes(iso));
  return `${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")} ${hm}`;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
