/** The key figures: each element says with data-figure and data-form which number it shows and how. */

import { percent, thousands } from "./format.mjs";
import { setText } from "./keyed_list.mjs";

const FORMS = { count: thousands, percent };

/** @param {HTMLElement} root */
export function mount(root, { store }) {
  const numbers = [...root.querySelectorAll("[data-figure]")];
  const bars = [...root.querySelectorAll("[data-bar]")];

  return store.subscribe(({ figures }) => {
    if (!figures) return;
    for (const node of numbers) {
      const value = figures[node.dataset.figure];
      setText(node, FORMS[node.dataset.form](value));
      node.classList.toggle("is-zero", value === 0);
    }
    for (const bar of bars) fillBar(bar, figures[bar.dataset.bar]);
  });
}

function fillBar(bar, rate) {
  const share = rate == null ? "0%" : `${Math.round(rate * 1000) / 10}%`;
  if (bar.style.getPropertyValue("--share") !== share) bar.style.setProperty("--share", share);
}
