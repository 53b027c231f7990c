/** System alarms: what the programme cannot judge or cannot do is said aloud, one at a time, never silently. */

import { freshness } from "./freshness.mjs";
import { setText, toggle } from "./keyed_list.mjs";

const TICK_MS = 1_000;
const TICKS_PER_STEP = 4;

/**
 * All alarms to show: a screen that hears nothing says so first, for then it cannot know of any other; then its own faults,
 * then what the server reported. Pure.
 */
export function alarmsNow(link, faults, reported, t) {
  const silent = freshness(link) === "stale" ? [{ code: "no_data", text: t("wall.alarm.no_data"), count: 1 }] : [];
  return [...silent, ...faults, ...(reported ?? [])];
}

/** @param {HTMLElement} root with parts text, place */
export function mount(root, { store, t, faults, link, now, staleAfterMs, every }) {
  const text = root.querySelector("[data-part=text]");
  const place = root.querySelector("[data-part=place]");
  let tick = 0;

  function draw() {
    const { alarms, loaded } = store.get();
    const { connected, lastHeardMs } = link();
    const all = alarmsNow({ connected, loaded, lastHeardMs, nowMs: now(), staleAfterMs }, faults(), alarms, t);
    const step = Math.floor(tick / TICKS_PER_STEP) % Math.max(1, all.length);
    toggle(root, "is-alarm", all.length > 0);
    setText(text, all.length > 0 ? words(all[step], t) : t(loaded ? "wall.alarm.none" : "wall.alarm.unknown"));
    setText(place, all.length > 1 ? `${step + 1} / ${all.length}` : "");
  }

  const leave = store.subscribe(draw);
  const stop = every(TICK_MS, () => { tick += 1; draw(); });
  return () => { leave(); stop(); };
}

function words(alarm, t) {
  return alarm.count > 1 ? t("wall.alarm.times", { text: alarm.text, n: alarm.count }) : alarm.text;
}
