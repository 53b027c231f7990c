/**
 * The live link of a page: joins, applies messages through the reducer, asks for what it missed, reports what it painted.
 * The connection may come and go for days; nothing shown is ever taken back because it went.
 */

import { applyMessage } from "./live_state.mjs";
import { behindFor } from "./freshness.mjs";

const SOCKET_OPTIONS = Object.freeze({
  transports: ["websocket"], reconnectionDelay: 300, reconnectionDelayMax: 2000, randomizationFactor: 0.7, timeout: 5000,
});
const KINDS = ["snapshot", "events", "gauge", "heartbeat"];
const RESYNC_FIRST_MS = 1_000;
const RESYNC_LAST_MS = 10_000;
const BEHIND_LIMIT_MS = 2_000;

/**
 * @param {{io: Function, store: object, screen: string, namespace?: string, now: () => number,
 *          afterPaint: (callback: Function) => void, heap: () => number|null,
 *          isHidden?: () => boolean, onArrived?: Function, onHeard?: Function, onRefused?: Function}} deps
 */
export function connectLive(deps) {
  const { io, store, screen, now, afterPaint, heap } = deps;
  const link = { connected: false, lastHeardMs: null, behindSince: null, resyncAt: -Infinity, resyncPauseMs: RESYNC_FIRST_MS,
    refused: null };
  const socket = io(deps.namespace ?? "/live", { ...SOCKET_OPTIONS, auth: (send) => send(credentials(store, screen)) });

  function receive(kind, message) {
    const receivedMs = now();
    const before = store.get();
    const { state, effects } = applyMessage(before, kind, message);
    link.lastHeardMs = receivedMs;
    store.set(state);
    deps.onHeard?.(kind, message, receivedMs);
    if (kind === "snapshot") link.resyncPauseMs = RESYNC_FIRST_MS;
    if (effects.arrived.length > 0) deps.onArrived?.(effects.arrived);
    if (effects.resync) resync();
    if (effects.shown != null) report(effects.shown, receivedMs);
  }

  /** A page in the background paints nothing and gets no frames: it says that it received, and that it is hidden. */
  function report(seq, receivedMs) {
    if (deps.isHidden?.()) socket.emit("shown", { seq, hidden: true });
    else afterPaint(() => confirm(seq, receivedMs));
  }

  function confirm(seq, receivedMs) {
    if (seq < store.get().last || !socket.connected) return;
    socket.emit("shown", { seq, latency_ms: Math.round(now() - receivedMs), heap: heap() });
  }

  function resync() {
    if (!socket.connected || now() < link.resyncAt) return;
    link.resyncAt = now() + link.resyncPauseMs;
    link.resyncPauseMs = Math.min(link.resyncPauseMs * 2, RESYNC_LAST_MS);
    socket.emit("resync", { last_seq: store.get().last });
  }

  function watch() {
    link.behindSince = behindFor(link.behindSince, store.get(), now());
    if (link.behindSince != null && now() - link.behindSince > BEHIND_LIMIT_MS) resync();
  }

  socket.on("connect", () => { link.connected = true; link.refused = null; });
  socket.on("disconnect", (reason) => {
    link.connected = false;
    if (reason === "io server disconnect") socket.connect();
  });
  socket.on("connect_error", (error) => {
    link.connected = false;
    if (socket.active) return; // the line is dead, the library tries again
    link.refused = error?.message ?? "";
    deps.onRefused?.(link.refused);
    setTimeout(() => socket.connect(), RESYNC_LAST_MS);
  });
  for (const kind of KINDS) socket.on(kind, (message) => receive(kind, message));

  return { link, watch, resync, socket, close: () => socket.close() };
}

/** What a joining screen says about itself; identity travels in the cookie session. */
export function credentials(store, screen) {
  const { epoch, last, build } = store.get();
  return { epoch, last_seq: last, build, screen };
}

/** Runs the callback after the browser has painted: the second animation frame begins when the first is on the glass. */
export function afterTwoFrames(callback) {
  requestAnimationFrame(() => requestAnimationFrame(callback));
}
