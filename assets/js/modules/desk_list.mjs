/** The rows of the desk: built once, then only what changed is written. */

import { civil, instant, offsetMinutes, span } from "./format.mjs";
import { element, keyedList, mark, setText, toggle } from "./keyed_list.mjs";
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
    row.append(box, mark(card.level, t), what, org, limit, due, element("div", "row-state num"));
    row.addEventListener("click", (event) => (box.contains(event.target) ? onCheck(card.id) : onSelect(card.id)));
    row.addEventListener("dblclick", () => onOpen(card.id));
    return row;
  }

  function update(row, { card, selected, checked, sending, minute, serverNow }) {
    toggle(row, "is-selected", selected);
    toggle(row, "is-checked", checked);
    toggle(row, "is-sending", sending);
    setAttribute(row, "aria-selected", String(selected));
    if (row.card === card && row.minute === minute) return;
    row.card = card;
    row.minute = minute;
    write(row, card, serverNow);
  }

  function write(row, card, serverNow) {
    const [, , what, org, limit, due, state] = row.children;
    row.className = row.className.replace(/ ?(is-waiting|is-over|is-old|hatched|row-\w+)/g, "");
    row.classList.add(`row-${card.level}`);
    toggle(row, "is-waiting", needsAck(card) === 1);
    toggle(row, "is-over", !card.condition);
    toggle(row, "hatched", card.stale);
    setText(what.children[0], card.item_name);
    setText(what.children[1], card.case_no);
    setText(org, card.org_name);
    setText(limit.children[0], card.rule);
    setText(limit.children[1], card.limit_text);
    setText(due.children[0], shortInstant(card.due_at));
    setText(due.children[1], card.late_text);
    setText(state, stateWords(card, serverNow, t));
    row.setAttribute("aria-label", [t(`level.${card.level}`), card.item_name, card.case_no, card.org_name,
      card.late_text, stateWords(card, serverNow, t)].join("，"));
  }

  return {
    render(items) { rows.render(items); },
    reveal(card) { if (card) rows.node(`${card.id}/${card.level}`)?.scrollIntoView({ block: "nearest" }); },
  };
}

/** "未签收 12 分", "已签收 李敏", "已消除，未签收". */
export function stateWords(card, serverNow, t) {
  if (card.state === "acked") return t("desk.state.acked", { by: card.acked?.by ?? "" });
  if (card.state === "rtn_unack") return t("desk.state.rtn_unack");
  const since = instant(card.level_at);
  if (since == null || serverNow == null) return t("desk.state.unack");
  return t("desk.state.unack_for", { span: span(serverNow - since, t) });
}

/** "03-16 09:20", in the zone the server wrote it in. */
export function shortInstant(iso) {
  const ms = instant(iso);
  if (ms == null) return "—";
  const { month, day, hm } = civil(ms, offsetMinutes(iso));
  return `${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")} ${hm}`;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
