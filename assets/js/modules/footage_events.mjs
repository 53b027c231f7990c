/** What happened on the day of a window, one line each. The day is asked for again every few seconds: a line stays the same node,
 *  so that whoever is writing why he takes an incident back goes on writing. */

import { element, keyedList } from "./keyed_list.mjs";

/** @param {HTMLElement} root @param {{t: Function, stamp: Function, seek: Function, withdraw: (id: number, reason: string) => Promise<void>,
 *          mayMark: boolean, commentMax: number}} deps */
export function eventList(root, { t, stamp, seek, withdraw, mayMark, commentMax }) {
  const list = keyedList(root, { key: (one) => one.key, create, update });

  function create(one) {
    const node = element("li", "footage-event");
    if (one.incident && mayMark) node.append(withdrawal(one.incident.id));
    return node;
  }

  function update(node, one) {
    const told = JSON.stringify(one);
    if (node.dataset.told === told) return;
    node.dataset.told = told;
    const isTakenBack = Boolean(one.incident?.withdrawn);
    const open = isTakenBack ? null : node.querySelector(".footage-withdrawal");
    for (const child of [...node.children]) if (child !== open) child.remove();
    for (const part of wordsOf(one)) node.insertBefore(part, open);
    node.classList.toggle("is-taken-back", isTakenBack);
    if (isTakenBack) node.append(element("p", "footage-withdrawn", one.incident.withdrawn));
  }

  function wordsOf(one) {
    const jump = element("button", "footage-jump num", stamp(one.at));
    jump.type = "button";
    jump.addEventListener("click", () => seek(one.at));
    const parts = [jump, element("strong", `chip ${one.name}`, one.head), element("span", "footage-words", one.words)];
    if (one.href) parts.push(Object.assign(element("a", "button", t("footage_page.open_card")), { href: one.href }));
    if (one.clip) parts.push(element("span", `chip clip-${one.clip.state}`, t(`clip_state.${one.clip.state}`)));
    return parts;
  }

  /** Taken back only with a reason; what was marked stays on the page, struck out. */
  function withdrawal(id) {
    const frame = element("details", "footage-withdrawal");
    const reason = Object.assign(element("input", "field"), { type: "text", maxLength: commentMax, required: true, autocomplete: "off" });
    reason.setAttribute("aria-label", t("footage_page.withdraw_reason"));
    reason.placeholder = t("footage_page.withdraw_reason");
    const said = Object.assign(element("p", "footage-refused"), { role: "status" });
    const form = element("form", "footage-withdraw-form");
    form.append(reason, Object.assign(element("button", "button", t("footage_page.withdraw")), { type: "submit" }), said);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try { await withdraw(id, reason.value); } catch (fault) { said.textContent = fault.message; }
    });
    frame.append(element("summary", "button", t("footage_page.withdraw")), form);
    return frame;
  }

  return {
    /** Returns how many there are. */
    show(day) {
      const lines = linesOf(day, { t, stamp });
      list.render(lines);
      return lines.length;
    },
  };
}

/** The lines of a day in the order of time, each under a key that stays. */
export function linesOf({ cards, incidents, signals, gaps }, { t, stamp }) {
  return [
    ...cards.map((one) => ({ key: `card:${one.id}`, at: one.at, name: `sign-${one.level}`, head: t(`level.${one.level}`), words: one.title, href: `/card/${one.id}` })),
    ...incidents.map((one) => ({ key: `incident:${one.id}`, at: one.begin, name: "sign-incident", head: one.kind, words: [one.comment, one.by].filter(Boolean).join(" · "), clip: one.clip, incident: one })),
    ...signals.map((one) => ({ key: `signal:${one.id}`, at: one.begin, name: "sign-signal", head: one.kind, words: "" })),
    ...gaps.map((one, place) => ({ key: `gap:${place}`, at: one.begin, name: "sign-gap", head: t("footage_page.gap"), words: `${one.why}（${stamp(one.begin)}–${stamp(one.end)}）` })),
  ].sort((one, other) => one.at - other.at);
}
