/** The filter bar of the desk: level chips with their counts, department, waiting only, search. */

import { element, mark, setText, toggle } from "./keyed_list.mjs";
import { ANY, NO_FILTER } from "./desk_view.mjs";

const LEVELS = ["red", "yellow", "warning"];
const TYPING_PAUSE_MS = 150;

/** @param {HTMLElement} parent @param {{t: Function, onChange: (filter: object) => void}} deps */
export function deskFilters(parent, { t, onChange }) {
  let filter = NO_FILTER;
  let timer = 0;
  const levels = new Map([[ANY, levelChip(ANY)], ...LEVELS.map((level) => [level, levelChip(level)])]);
  const waiting = chip("filter-waiting", t("desk.filter.waiting"), () => change({ waiting: !filter.waiting }));
  const org = orgChoice();
  const search = searchBox();
  const found = element("span", "filter-found num");
  const group = element("div", "filter-levels");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", t("desk.filter.level"));
  group.append(...levels.values());
  parent.replaceChildren(group, waiting, org, search, found);

  function levelChip(level) {
    const button = chip(`filter-level filter-${level || "all"}`, "", () => change({ level: filter.level === level ? ANY : level }));
    if (level) button.append(mark(level, t));
    button.append(element("span", "filter-name", t(level ? `level.${level}` : "desk.filter.all")),
      element("strong", "filter-count num", "—"), element("span", "filter-unsigned num"));
    return button;
  }

  function chip(className, words, onClick) {
    const button = element("button", `filter ${className}`, words || null);
    button.type = "button";
    button.addEventListener("click", onClick);
    return button;
  }

  function orgChoice() {
    const select = element("select", "field filter-org");
    select.setAttribute("aria-label", t("desk.filter.org"));
    select.addEventListener("change", () => change({ org: select.value }));
    return select;
  }

  function searchBox() {
    const input = element("input", "field filter-search");
    Object.assign(input, { type: "search", placeholder: t("desk.filter.search"), autocomplete: "off", spellcheck: false });
    input.setAttribute("aria-label", t("desk.filter.search"));
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => change({ text: input.value }), TYPING_PAUSE_MS);
    });
    return input;
  }

  function change(part) {
    filter = { ...filter, ...part };
    onChange(filter);
  }

  function render(counts, departments, shown) {
    for (const [level, button] of levels) renderLevel(button, level, level ? counts[level] : counts);
    waiting.setAttribute("aria-pressed", String(filter.waiting));
    renderOrgs(departments);
    setText(found, t("desk.filter.found", { n: shown, all: counts.all }));
  }

  function renderLevel(button, level, count) {
    button.setAttribute("aria-pressed", String(filter.level === level));
    toggle(button, "is-none", count.all === 0);
    setText(button.querySelector(".filter-count"), String(count.all));
    setText(button.querySelector(".filter-unsigned"), count.waiting > 0 ? t("desk.filter.unsigned", { n: count.waiting }) : "");
  }

  /** Options are rewritten only when the departments changed: an open choice must not jump under the pointer. */
  function renderOrgs(departments) {
    const wanted = [{ org: ANY, name: t("desk.filter.every_org"), count: null }, ...departments];
    const signature = JSON.stringify(wanted);
    if (org.dataset.signature === signature || document.activeElement === org) return;
    org.dataset.signature = signature;
    org.replaceChildren(...wanted.map(({ org: code, name, count }) => {
      const option = element("option", "", count == null ? name : `${name}（${count}）`);
      option.value = code;
      return option;
    }));
    if (filter.org && !departments.some((one) => one.org === filter.org)) org.append(new Option(filter.org, filter.org));
    org.value = filter.org;
  }

  return { render, focus() { search.focus(); search.select(); } };
}
