/** The clock of the room: the server's time with seconds, the date, and whether working time is running. */

import { civil, offsetMinutes } from "./format.mjs";
import { setText } from "./keyed_list.mjs";
import { isLife, read } from "./server_clock.mjs";

const TICK_MS = 250;
const CHIP = { working: "chip-ok", unpublished: "chip-offline" };

/** @param {HTMLElement} root with parts hms, date, state, rate */
export function mount(root, { store, t, now, clock, every }) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const parts = { hms: part("hms"), date: part("date"), state: part("state"), rate: part("rate") };

  function tick() {
    const { serverTime, calendar } = store.get();
    const ms = read(clock(), now());
    if (ms == null) return;
    const at = civil(ms, offsetMinutes(serverTime));
    setText(parts.hms, isLife(clock()) ? at.hms : at.hm);
    setText(parts.date, t("wall.clock.date", { ...at, weekday: t(`wall.weekday.${at.weekday}`) }));
    parts.rate.hidden = isLife(clock());
    showCalendar(calendar);
  }

  function showCalendar(calendar) {
    parts.state.hidden = !calendar;
    if (!calendar) return;
    setText(parts.state, calendarWords(calendar, t));
    const className = `chip ${CHIP[calendar.state] ?? ""}`.trim();
    if (parts.state.className !== className) parts.state.className = className;
  }

  return every(TICK_MS, tick);
}

/** "工作时间", or for a holiday its name with it. */
export function calendarWords(calendar, t) {
  const words = t(`wall.calendar.${calendar.state}`);
  return calendar.state === "holiday" && calendar.day_name ? `${words} · ${calendar.day_name}` : words;
}
