/** How far the data on the screen can be trusted. Pure; times are milliseconds of a clock that never jumps. */

export const STALE_AFTER_MS = 12_000;
const LATE_AFTER_MS = 7_000;

/**
 * @param {{connected: boolean, loaded: boolean, lastHeardMs: number|null, nowMs: number, staleAfterMs?: number}} link
 * @returns {"connecting"|"live"|"late"|"reconnecting"|"stale"}
 */
export function freshness({ connected, loaded, lastHeardMs, nowMs, staleAfterMs = STALE_AFTER_MS }) {
  if (!loaded || lastHeardMs == null) return "connecting";
  const age = nowMs - lastHeardMs;
  if (age >= staleAfterMs) return "stale";
  if (!connected) return "reconnecting";
  return age >= LATE_AFTER_MS ? "late" : "live";
}

/** Whether the client has been behind the head of the log for longer than it may be. */
export function behindFor(previousSince, state, nowMs) {
  if (state.headSeq <= state.last) return null;
  return previousSince ?? nowMs;
}
