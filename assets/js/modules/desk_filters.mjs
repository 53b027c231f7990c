/** The filter bar of the desk: level chips with their counts, the views (what waits for whom), department, search. */

import { element, mark, setText, toggle } from "./keyed_list.mjs";
import { ANY, NO_FILTER, VIEWS } from "./desk_view.mjs";

const LEVELS = ["red", "yellow", "warning"];
const TYPING_PAUSE_MS = 150;

/** @param {HTMLElement} parent @param {{t: Function, onChange: (filter: object) => void}} deps */
export function deskFilters(parent, { t, onChange, first = NO_FILTER }) {
  let filter = first;
  let timer = 0;
  const levels = new Map([[ANY, levelChip(ANY)], ...LEVELS.map((level) => [level, levelChip(level)])]);
  const views = new Map(Object.keys(VIEWS).map((name, at) => [name, viewChip(name, at + 1)]));
  const org = orgChoice();
  const search = searchBox();
  const found = element("span", "filter-found num");
  const group = element("div", "filter-levels");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", t("desk.filter.level"));
  group.append(...levels.values());
  const viewGroup = element("div", "filter-views");
  viewGroup.setAttribute("role", "group");
  viewGroup.setAttribute("aria-label", t("desk.filter.view"));
  viewGroup.append(...views.values(), found);
  const finding = element("div", "filter-finding");
  finding.append(org, search);
  parent.replaceChildren(group, finding, viewGroup);

  function levelChip(level) {
    const button = chip(`filter-level filter-${level || "all"}`, "", () => change({ level: filter.level === level ? ANY : level }));
    if (level) button.append(mark(level, t));
    button.append(element("span", "filter-name", t(level ? `level.${level}` : "desk.filter.all")),
      element("strong", "filter-count num", "—"), element("span", "filter-unsigned num"));
    return button;
  }

  function viewChip(name, number) {
    const button = chip(`filter-view view-${name}`, "", () => toView(name));
    button.append(element("kbd", "", String(number)), element("span", "", t(`desk.view.${name}`)), element("strong", "view-count num", "0"));
    button.setAttribute("aria-keyshortcuts", String(number));
    return button;
  }

  /** A view chosen twice is left again. */
  function toView(name) {
    change({ view: filter.view === name ? ANY : name });
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

  function render(counts, departments, shown, viewed) {
    for (const [level, button] of levels) renderLevel(button, level, level ? counts[level] : counts);
    for (const [name, button] of views) renderView(button, name, viewed[name]);
    renderOrgs(departments);
    setText(found, t("desk.filter.found", { n: shown, all: counts.all }));
  }

  function renderView(button, name, count) {
    button.setAttribute("aria-pressed", String(filter.view === name));
    toggle(button, "is-none", count === 0);
    setText(button.querySelector(".view-count"), String(count));
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

  search.value = filter.text;
  const numbered = [...views.keys()];
  return {
    render,
    focus() { search.focus(); search.select(); },
    /** The view of a key 1 to 9; 0 shows all. */
    number(digit) { if (digit === 0) change({ view: ANY, level: ANY, org: ANY }); else if (numbered[digit - 1]) toView(numbered[digit - 1]); },
  };
}
