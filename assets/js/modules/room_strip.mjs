/** Who is on duty, and whether every source still speaks. */

import { setText, toggle } from "./keyed_list.mjs";

/** Words for the state of the sources: the count when all are well, the names of those that are not. Pure. */
export function feedWords(feeds, t) {
  if (feeds.length === 0) return { text: t("wall.feeds.none"), bad: true };
  const bad = feeds.filter((feed) => feed.state !== "ok");
  if (bad.length === 0) return { text: t("wall.feeds.all_ok", { n: feeds.length }), bad: false };
  const first = bad[0];
  const words = t(`wall.feeds.${first.state}`, { name: first.name || first.source });
  return { text: bad.length > 1 ? t("wall.feeds.and_more", { first: words, n: bad.length }) : words, bad: true };
}

/** Who is on duty in words; nobody is bad news. Pure. */
export function dutyWords(duty, t) {
  return duty?.name ? { text: duty.name, bad: false } : { text: t("wall.duty.nobody"), bad: true };
}

/** @param {HTMLElement} root with parts duty and feeds */
export function mount(root, { store, t }) {
  const duty = root.querySelector("[data-part=duty]");
  const feeds = root.querySelector("[data-part=feeds]");

  return store.subscribe((state) => {
    if (!state.loaded) return;
    const officer = dutyWords(state.duty, t);
    setText(duty, officer.text);
    toggle(duty, "is-missing", officer.bad);
    const words = feedWords(state.feeds ?? [], t);
    setText(feeds, words.text);
    toggle(feeds, "is-bad", words.bad);
  });
}
