/**
 * What keeps a screen right for months: the picture moves by a few pixels against burn-in, the page is loaded anew every
 * night and after an upgrade, and never unless the server answers.
 */

import { civil, offsetMinutes } from "./format.mjs";
import { isLife, read } from "./server_clock.mjs";

const SHIFT_MS = 5 * 60_000;
const SHIFTS = [[0, 0], [2, 0], [3, 2], [2, 3], [0, 3], [-2, 2], [-3, 0], [-2, -2], [0, -3], [2, -2]];
const CHECK_MS = 30_000;
const RELOAD_HM = ["03:30", "03:59"];
const LEAST_AGE_MS = 2 * 3_600_000;
const SPREAD_MS = 20_000;

/** Where the picture stands after so many steps. Pure. */
export function shiftAt(step) {
  return SHIFTS[step % SHIFTS.length];
}

/** Whether it is time for the nightly reload: at night, on a page hours old, with nobody waiting for an acknowledgement of a red card. Pure. */
export function reloadDue({ hm, ageMs, unsignedReds }) {
  return hm >= RELOAD_HM[0] && hm <= RELOAD_HM[1] && ageMs >= LEAST_AGE_MS && unsignedReds === 0;
}

/** @param {HTMLElement} root the wall */
export function mount(root, { store, now, clock, every, reload = () => location.reload(), probe = serverAnswers }) {
  const bornMs = now();
  let step = 0;
  let build = null;
  let leaving = false;

  async function leaveIfAnswered() {
    if (leaving) return;
    leaving = true;
    if (await probe()) setTimeout(reload, Math.random() * SPREAD_MS);
    else leaving = false;
  }

  function check() {
    const { serverTime, cards } = store.get();
    const ms = read(clock(), now());
    if (ms == null || !isLife(clock())) return;
    const unsignedReds = [...cards.values()].filter((card) => card.level === "red" && card.state === "unack").length;
    const { hm } = civil(ms, offsetMinutes(serverTime));
    if (reloadDue({ hm, ageMs: now() - bornMs, unsignedReds })) leaveIfAnswered();
  }

  const leave = store.subscribe((state) => {
    if (build && state.build && state.build !== build) leaveIfAnswered();
    build = build ?? state.build;
  });
  const stopShift = every(SHIFT_MS, () => {
    const [x, y] = shiftAt(step += 1);
    root.style.setProperty("--shift-x", `${x}px`);
    root.style.setProperty("--shift-y", `${y}px`);
  });
  const stopCheck = every(CHECK_MS, check);
  return () => { leave(); stopShift(); stopCheck(); };
}

async function serverAnswers() {
  try {
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
    return answer.ok;
  } catch {
    return false;
  }
}
