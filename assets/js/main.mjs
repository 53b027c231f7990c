/**
 * The one module entry of every page. Dash lays out the frame; elements that live opt in with `data-live="name"`, and the
 * module of that name is mounted on them. A page with `data-live-root` also gets the live link.
 */

import { connectLive, afterTwoFrames } from "./modules/socket_client.mjs";
import { initialState } from "./modules/live_state.mjs";
import { createStore } from "./modules/store.mjs";
import { textsOf, instant } from "./modules/format.mjs";
import { NEWS, mount as mountInbox } from "./modules/inbox.mjs";
import { newClock, observe } from "./modules/server_clock.mjs";
import { pageLanguage } from "./modules/spoken.mjs";

// Loaded only where they are used: a page is not slower, and not broken, by what another page needs.
const MODULES = {
  "alarm-strip": () => import("./modules/alarm_strip.mjs"),
  "camera-scene": () => import("./modules/camera_scene.mjs"),
  "card-columns": () => import("./modules/card_columns.mjs"),
  "desk-console": () => import("./modules/desk_console.mjs"),
  "forecast-order": () => import("./modules/forecast_order.mjs"),
  "fly-over": () => import("./modules/fly_over.mjs"),
  "heat-map": () => import("./modules/heat_map.mjs"),
  "horn-button": () => import("./modules/horn_button.mjs"),
  "key-figures": () => import("./modules/key_figures.mjs"),
  "link-strip": () => import("./modules/link_strip.mjs"),
  "queue-strip": () => import("./modules/queue_strip.mjs"),
  "room-strip": () => import("./modules/room_strip.mjs"),
  "room-voice": () => import("./modules/room_voice.mjs"),
  "screen-care": () => import("./modules/screen_care.mjs"),
  "ticking-clock": () => import("./modules/ticking_clock.mjs"),
};
const BIRTHS_KEPT = 500;
const FAULTS_KEPT = 5;

// Pages that ask for what they show, instead of hearing it on the live link.
const PLAIN_PAGES = {
  "footage-page": () => import("./modules/footage_page.mjs"),
  "handover-page": () => import("./modules/handover_page.mjs"),
  "unit-page": () => import("./modules/unit_page.mjs"),
};

whenPresent("[data-live-root]", start);
whenPresent("[data-plain-root]", startPlain);
whenPresent("[data-inbox]", startInbox);
whenPresent("[data-hall]", startHall);
whenPresent("[data-card-clip], [data-card-ask]", async () => (await import("./modules/card_clip.mjs")).mount(document));
whenPresent("[data-camera-picture]", startCameraPicture);
whenPresent("[data-waits]", async (waiting) => (await import("./modules/wait_lock.mjs")).mount(waiting));
whenPresent("[data-comparison]", async () => (await import("./modules/pictures.mjs")).mount(document));
whenPresent(".scheme-unsaved", async () => (await import("./modules/unsaved_guard.mjs")).mount(document, window));
whenPresent("#edit-said", async () => (await import("./modules/amiss_field.mjs")).mount(document));
whenPresent(".topbar-language", async (link) => (await import("./modules/language_link.mjs")).mount(link));
whenPresent("[data-signal-keys]", async () => (await import("./modules/signal_keys.mjs")).mount(document));

/** Dash renders late; wait for the frame without polling. */
function whenPresent(selector, callback) {
  const found = document.querySelector(selector);
  if (found) { callback(found); return; }
  const observer = new MutationObserver(() => {
    const node = document.querySelector(selector);
    if (!node) return;
    observer.disconnect();
    callback(node);
  });
  observer.observe(document.documentElement, { childList: true, subtree: true });
}

async function startPlain(root) {
  const t = textsOf(JSON.parse(root.dataset.config).texts);
  (await PLAIN_PAGES[root.dataset.plainRoot]()).mount(root, { t, onFault: (fault) => console.error(fault) });
}

async function startHall(root) {
  const t = textsOf(JSON.parse(root.dataset.hall));
  (await import("./modules/hall_page.mjs")).mount(document, { t });
}

async function startCameraPicture(root) {
  const { texts, mayEdit } = JSON.parse(root.dataset.config);
  (await import("./modules/camera_picture.mjs")).mount(root, { t: textsOf(texts), mayEdit });
}

function startInbox(root) {
  mountInbox(root, { t: textsOf(JSON.parse(root.dataset.config).texts), onFault: (fault) => console.error(fault) });
}

function start(wall) {
  const config = JSON.parse(wall.dataset.config);
  const t = textsOf(config.texts);
  const now = () => performance.now();
  const { faults, onFault } = faultList(t);
  const store = createStore(initialState(config.shortNames, pageLanguage()), (callback) => requestAnimationFrame(callback), onFault);
  const arrivals = signal(onFault);
  const births = new Map();
  let clock = newClock();

  const live = connectLive({
    io: window.io, store, screen: screenName(), now, afterPaint: afterTwoFrames, isHidden: () => document.hidden,
    heap: () => performance.memory?.usedJSHeapSize ?? null,
    onHeard: (kind, message, atMs) => {
      clock = observe(clock, instant(message?.server_time), atMs);
      if (kind === "events") document.dispatchEvent(new Event(NEWS));
    },
    onArrived: (cards) => { remember(births, cards, now()); arrivals.emit(cards); },
  });
  const deps = {
    store, t, now, arrivals, births, faults, onFault, wall, clock: () => clock, link: () => live.link, socket: live.socket,
    screen: screenName(),
    every: (ms, callback) => every(ms, callback, onFault), scale: rootScale,
    staleAfterMs: config.staleAfterMs,
  };
  deps.every(1_000, live.watch);
  for (const node of [wall, ...wall.querySelectorAll("[data-live]")]) mountOn(node, deps);
  store.subscribe((state) => { wall.dataset.loaded = String(state.loaded); wall.dataset.demo = String(state.demo); });
  // For end-to-end tests and the browser console: what this screen believes.
  window.yangguang = Object.freeze({ state: store.get, link: () => ({ ...live.link }), faults });
}

async function mountOn(node, deps) {
  const load = MODULES[node.dataset.live];
  if (!load) return;
  try { (await load()).mount(node, deps); } catch (fault) { deps.onFault(fault); }
}

/** setInterval whose failures are seen: a panel that fails becomes an alarm on the wall, not a silent gap. */
function every(ms, callback, onFault) {
  const timer = setInterval(() => { try { callback(); } catch (fault) { onFault(fault); } }, ms);
  return () => clearInterval(timer);
}

function signal(onFault) {
  const readers = new Set();
  return {
    subscribe(reader) { readers.add(reader); return () => readers.delete(reader); },
    emit(value) {
      for (const reader of readers) { try { reader(value); } catch (fault) { onFault(fault); } }
    },
  };
}

/** When each card came, for the thirty seconds of its flash; bounded. */
function remember(births, cards, nowMs) {
  for (const card of cards) { births.delete(card.id); births.set(card.id, nowMs); }
  while (births.size > BIRTHS_KEPT) births.delete(births.keys().next().value);
}

function faultList(t) {
  const kept = [];
  return {
    faults: () => kept,
    onFault(fault) {
      console.error(fault);
      const text = t("wall.alarm.screen_fault", { message: String(fault?.message ?? fault).slice(0, 60) });
      const known = kept.find((alarm) => alarm.text === text);
      if (known) known.count += 1;
      else if (kept.push({ code: "screen_fault", text, count: 1 }) > FAULTS_KEPT) kept.shift();
    },
  };
}

/** Real pixels per design pixel: the style sheet sets the root size to 16 design pixels. */
function rootScale() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

/** A name that stays with this screen: from the address, else made once and kept. */
function screenName() {
  const asked = new URLSearchParams(location.search).get("screen");
  if (asked) return asked.slice(0, 64);
  try {
    const kept = localStorage.getItem("yangguang.screen") ?? `screen-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
    localStorage.setItem("yangguang.screen", kept);
    return kept;
  } catch {
    return "screen-unnamed";
  }
}
