/** The banner of a flood: how many came in how many minutes, from where; every group opens and folds on a click or on G. */

import { element, toggle } from "./keyed_list.mjs";
import { needsAck } from "./live_state.mjs";

const GROUPS_SHOWN = 6;

/** @param {HTMLElement} parent @param {{t: Function, minutes: number, onToggle: (key: string) => void}} deps */
export function floodBanner(parent, { t, minutes, onToggle }) {
  let drawn = "";

  function render({ count, groups }, opened) {
    const signature = JSON.stringify([count, groups.map((group) => [group.key, group.cards.length, waitingOf(group), opened.has(group.key)])]);
    toggle(parent, "is-shown", count > 0);
    if (signature === drawn) return;
    drawn = signature;
    parent.replaceChildren(element("strong", "flood-words", t("desk.flood.words", { n: count, minutes })),
      ...groups.slice(0, GROUPS_SHOWN).map((group) => chip(group, opened.has(group.key))),
      ...(groups.length > GROUPS_SHOWN ? [element("span", "flood-more", t("desk.flood.more", { n: groups.length - GROUPS_SHOWN }))] : []));
  }

  function chip(group, isOpen) {
    const button = element("button", "flood-group");
    button.type = "button";
    button.setAttribute("aria-expanded", String(isOpen));
    button.append(element("span", "", `${group.org} · ${group.item}`), element("strong", "num", t("desk.flood.group", { n: group.cards.length, waiting: waitingOf(group) })));
    button.addEventListener("click", () => onToggle(group.key));
    return button;
  }

  const waitingOf = (group) => group.cards.filter((card) => needsAck(card) === 1).length;

  return { render };
}
