/**
 * The server's clock, read between two messages. The demonstration runs faster than life, and not at one speed, so the
 * rate is learnt from the messages and not assumed. Pure; local times are performance.now() milliseconds.
 */

const LEARN_MS = 4_000;
// A busy page hears late, which looks like a rate of two or three; a demonstration runs at sixty and more.
const FASTER_THAN_LIFE = 5;

export function newClock() {
  return { server: null, local: null, rate: 1, anchorServer: null, anchorLocal: null };
}

/** Take a reading of the server's time that arrived at `localMs`. */
export function observe(clock, serverMs, localMs) {
  if (serverMs == null) return clock;
  const latest = { ...clock, server: serverMs, local: localMs };
  if (clock.anchorServer == null) return { ...latest, anchorServer: serverMs, anchorLocal: localMs };
  const elapsed = localMs - clock.anchorLocal;
  if (elapsed < LEARN_MS) return latest;
  const seen = (serverMs - clock.anchorServer) / elapsed;
  return { ...latest, rate: seen < FASTER_THAN_LIFE ? 1 : seen, anchorServer: serverMs, anchorLocal: localMs };
}

/** A clock that runs at the speed of life may be read between two messages; any other shows what it last heard. */
export function isLife(clock) {
  return clock.rate === 1;
}

/** Server milliseconds at `localMs`, or null before the first reading. */
export function read(clock, localMs) {
  if (clock.server == null) return null;
  return isLife(clock) ? clock.server + Math.max(0, localMs - clock.local) : clock.server;
}
