/** The sheet of keys (?), and the line of the most used ones at the foot of the desk. */

import { ACTIONS, ISSUE } from "./desk_actions.mjs";
import { element } from "./keyed_list.mjs";

const MOVES = [["↑ ↓ / J K", "move"], ["PgUp PgDn Home End", "far"], ["F8", "next_waiting"], ["Enter", "open"], ["P", "open_case"],
  ["␣", "mark"], ["*", "mark_all"], ["G", "fold"], ["1–9 0", "view"], ["/", "search"], ["Esc", "leave"], ["? / F1", "help"]];

/** @param {HTMLElement} parent an empty dialog element @param {{t: Function, onClose: Function}} deps */
export function helpSheet(parent, { t, onClose }) {
  const title = element("h2", "", t("desk.keys.title"));
  title.id = "help-title";
  parent.setAttribute("aria-labelledby", title.id);
  const columns = element("div", "help-columns");
  columns.append(tableOf(t("desk.keys.moves"), MOVES.map(([keys, name]) => [keys, t(`desk.keys.${name}`)])),
    tableOf(t("desk.keys.commands"), commandRows(t)));
  const close = element("button", "button", t("desk.keys.close"));
  close.type = "button";
  close.addEventListener("click", () => parent.close());
  parent.addEventListener("close", onClose);
  parent.replaceChildren(title, columns, close);
  return {
    open() { if (!parent.open) parent.showModal(); },
    get isOpen() { return parent.open; },
  };
}

/** One row for a key, whichever of its commands fits the card. */
function commandRows(t) {
  const rows = new Map();
  for (const { keys, name } of [...ACTIONS, ISSUE]) {
    const label = keys.map((key) => key.toUpperCase()).join(" / ");
    rows.set(label, [...(rows.get(label) ?? []), t(`desk.command.${name}`)]);
  }
  return [...rows].map(([label, names]) => [label, names.join(t("desk.keys.or"))]);
}

function tableOf(caption, rows) {
  const list = element("dl", "help-list");
  list.append(element("div", "help-caption", caption), ...rows.map(([keys, words]) => {
    const row = element("div", "help-row");
    const term = element("dt");
    term.append(...keys.split(" ").map((key) => (key === "/" ? element("span", "", "/") : element("kbd", "", key))));
    row.append(term, element("dd", "", words));
    return row;
  }));
  return list;
}
