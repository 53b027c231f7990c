/**
 * Silencing the horn from the desk: one press for as long as is allowed, another ends it. It signs for nothing; who pressed, and for
 * how long, stands on every wall. The time left comes with the gauges of the live link and is counted down here.
 */

import { setText, toggle } from "./keyed_list.mjs";

const ADDRESS = "/api/v1/horn";
const TICK_MS = 1_000;

/** What the button says and what a press asks for. Pure. */
export function hornState(silence, leftMs, mostMinutes, t) {
  if (!silence) return { words: t("desk.horn.silence", { n: mostMinutes }), minutes: mostMinutes, isSilent: false };
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return { words: t("desk.horn.silent", { left, by: silence.by }), minutes: 0, isSilent: true };
}

/** @param {HTMLButtonElement} root with data-room and data-most */
export function mount(root, { store, t, now, every, onFault, ask = fetch }) {
  const { room, most } = root.dataset;
  let untilMs = null;
  let busy = false;

  const silence = () => store.get().room?.silences?.find((one) => one.room === room) ?? null;
  const state = () => hornState(silence(), (untilMs ?? now()) - now(), Number(most), t);

  function draw() {
    if (!silence()) untilMs = null;
    else if (untilMs === null) learn();
    const { words, isSilent } = state();
    setText(root, words);
    toggle(root, "is-silent", isSilent);
    root.setAttribute("aria-pressed", String(isSilent));
    root.disabled = busy;
  }

  /** Somebody else silenced it: how long it lasts is asked once. */
  async function learn() {
    untilMs = now();
    await told(ask(ADDRESS));
  }

  async function told(asking) {
    try {
      const answer = await asking;
      if (!answer.ok) throw new Error(`${ADDRESS}: ${answer.status}`);
      const { silences } = await answer.json();
      const mine = silences.find((one) => one.room === room);
      untilMs = mine ? now() + mine.left_ms : null;
    } catch (fault) { onFault(fault); }
  }

  async function press() {
    if (busy) return;
    busy = true;
    draw();
    const csrf = document.querySelector(".topbar-person button")?.value ?? "";
    await told(ask(ADDRESS, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ room, minutes: state().minutes }) }));
    busy = false;
    draw();
  }

  root.addEventListener("click", press);
  const leave = store.subscribe(draw);
  const stop = every(TICK_MS, draw);
  return () => { leave(); stop(); root.removeEventListener("click", press); };
}
