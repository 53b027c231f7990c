/** What a handover says to whom, and its keys. Pure but for the one listener. */

/** Which of the two officers this person is: outgoing, incoming or none. */
export function partOf(handover, username) {
  if (!handover) return "none";
  if (handover.outgoing === username) return "outgoing";
  return handover.incoming === username ? "incoming" : "none";
}

/** How many items the incoming officer has not decided. */
export function left(handover) {
  return (handover?.items ?? []).filter((item) => !item.decision).length;
}

/** The place of the next undecided item behind `at`, from the top again behind the last; `at` itself when none is left. */
export function nextUndecided(items, at) {
  const turned = [...items.keys()].map((n) => (at + 1 + n) % items.length);
  return turned.find((n) => !items[n].decision) ?? at;
}

/**
 * An item in words: what it is about, and what the incoming officer has to know of it.
 * @param {{orgs: object, items: object}} names by code @param {(us: number) => string} when
 */
export function itemWords({ kind, facts }, names, t, when) {
  if (kind === "alarm") return { title: t(`alarm.${facts.code}`, { ...facts.args, count: facts.count }), more: t("handover_page.since", { at: when(facts.since) }) };
  if (facts.cards) return { title: t("handover_page.gathered", { org: names.orgs[facts.org] ?? facts.org, n: facts.count }), more: t("handover_page.gathered_more") };
  const title = [names.orgs[facts.org] ?? facts.org, names.items[facts.item] ?? (facts.title || facts.item)].filter(Boolean).join(" · ");
  const more = [facts.case_no, facts.acked_name ? t("handover_page.signed", { by: facts.acked_name, comment: facts.ack_comment || "—" }) : "",
    facts.shelved_until ? t(`handover_page.${facts.quiet ?? "shelved"}`, { until: when(facts.shelved_until), reason: facts.shelved_reason || "—" }) : "",
    facts.owed ? t(`handover_page.owed.${facts.owed}`, { at: when(facts.owed_at) }) : ""];
  return { title, more: more.filter(Boolean).join("　") };
}

const TYPING = "input, textarea, select, button, a";

/** ↑ ↓ choose, A accepts, D declines, * accepts the rest, S signs, P prints. */
export function handoverKeys(document, desk) {
  const KEYS = { ArrowDown: () => desk.steps(1), ArrowUp: () => desk.steps(-1), j: () => desk.steps(1), k: () => desk.steps(-1), a: desk.accept, d: desk.decline,
    "*": desk.rest, s: desk.sign, p: desk.print };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
    const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
