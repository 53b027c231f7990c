/** Connection, age of the data and build; and the veil over data that is too old to act on. */

import { civil, offsetMinutes } from "./format.mjs";
import { setText, toggle } from "./keyed_list.mjs";
import { freshness } from "./freshness.mjs";
import { read } from "./server_clock.mjs";

const TICK_MS = 500;

/** @param {HTMLElement} root with parts state, age, build */
export function mount(root, { store, t, now, clock, link, every, wall, staleAfterMs }) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const parts = { state: part("state"), age: part("age"), build: part("build"), latency: part("latency") };
  const banners = wall.querySelectorAll("[data-part=stale-words]");

  function tick() {
    const { connected, lastHeardMs, refused } = link();
    const { loaded, build, serverTime } = store.get();
    const state = freshness({ connected, loaded, lastHeardMs, nowMs: now(), staleAfterMs });
    if (wall.dataset.freshness !== state) wall.dataset.freshness = state;
    setText(parts.state, refused && state !== "live" ? t("wall.link.refused") : t(`wall.link.${state}`));
    setText(parts.age, ageWords(lastHeardMs == null ? null : now() - lastHeardMs, t));
    setText(parts.latency, latencyWords(store.get().room, t));
    setText(parts.build, build ? t("wall.link.build", { build }) : "");
    toggle(wall, "is-stale", state === "stale");
    if (state === "stale") showSince(serverTime, lastHeardMs);
  }

  function showSince(serverTime, lastHeardMs) {
    const ms = read(clock(), lastHeardMs);
    const since = ms == null ? "—" : civil(ms, offsetMinutes(serverTime)).hms;
    for (const banner of banners) setText(banner, t("wall.link.stopped_at", { time: since }));
  }

  return every(TICK_MS, tick);
}

/** How long the last canary took from commit to screen; nothing before the first. */
export function latencyWords(room, t) {
  return room?.latency_ms == null ? "" : t("wall.link.latency", { ms: room.latency_ms });
}

/** Age of the newest message in whole seconds, then minutes. */
export function ageWords(ms, t) {
  if (ms == null) return t("wall.link.no_data");
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return t("wall.link.age_s", { n: seconds });
  return t("wall.link.age_m", { n: Math.floor(seconds / 60) });
}
