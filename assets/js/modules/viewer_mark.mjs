/** Who looks, and when, across a live picture: faint, everywhere, anew every half minute. Text only, so that no name can be more than that. */

import { civil } from "./format.mjs";
import { element } from "./keyed_list.mjs";

const BEIJING_MIN = 480;
const AGAIN_MS = 30_000;
const LINES = 8;

/** @param {HTMLElement} root over the picture */
export function viewerMark(root, { now = () => Date.now(), every = setInterval, end = clearInterval } = {}) {
  let viewer = "";
  const lines = Array.from({ length: LINES }, () => element("span", "viewer-line num"));
  root.setAttribute("aria-hidden", "true");
  root.append(...lines);

  function draw() {
    const { year, month, day, hm } = civil(now(), BEIJING_MIN);
    const two = (n) => String(n).padStart(2, "0");
    const words = viewer ? `${viewer} ${year}-${two(month)}-${two(day)} ${hm}` : "";
    for (const line of lines) if (line.textContent !== words) line.textContent = words;
  }

  const timer = every(draw, AGAIN_MS);
  return { say(name) { viewer = name; draw(); }, stop() { end(timer); root.replaceChildren(); } };
}
