/** System alarms: what the programme cannot judge or cannot do is said aloud, one at a time, never silently. */

import { setText, toggle } from "./keyed_list.mjs";

const STEP_MS = 4_000;

/** @param {HTMLElement} root with parts text, place */
export function mount(root, { store, t, faults, every }) {
  const text = root.querySelector("[data-part=text]");
  const place = root.querySelector("[data-part=place]");
  let step = 0;

  function draw() {
    const { alarms, loaded } = store.get();
    const all = [...faults(), ...(alarms ?? [])];
    toggle(root, "is-alarm", all.length > 0);
    if (all.length === 0) {
      setText(text, loaded ? t("wall.alarm.none") : t("wall.alarm.unknown"));
      setText(place, "");
      return;
    }
    const alarm = all[step % all.length];
    setText(text, alarm.count > 1 ? t("wall.alarm.times", { text: alarm.text, n: alarm.count }) : alarm.text);
    setText(place, all.length > 1 ? `${(step % all.length) + 1} / ${all.length}` : "");
  }

  const leave = store.subscribe(draw);
  const stop = every(STEP_MS, () => { step += 1; draw(); });
  return () => { leave(); stop(); };
}
