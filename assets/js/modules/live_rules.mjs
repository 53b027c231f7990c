/** What a tile with live video decides, without a browser. Pure; times in milliseconds of a clock that never jumps, media times in seconds. */

export const TARGET_S = 0.12;       // distance of the picture shown to the newest one received
export const RATES = Object.freeze({ least: 0.97, most: 1.05 });
export const SEEK_ABOVE_S = 1;
export const KEEP_S = 4;            // of what was shown already
export const TRIM_ABOVE_S = 12;
export const QUIET_MS = 3_000;      // without a picture for so long a tile says that it stalls
export const SILENT_MS = 6_000;     // the server says something every second: the line is dead
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const GAIN = 0.25;
const DEAD_ZONE_S = 0.04;

/** How fast to play, `distance` seconds behind the newest picture: a little slower or faster, never so that one sees it. */
export function rateFor(distance) {
  const off = distance - TARGET_S;
  if (Math.abs(off) <= DEAD_ZONE_S) return 1;
  return Math.round(Math.min(RATES.most, Math.max(RATES.least, 1 + off * GAIN)) * 1000) / 1000;
}

/**
 * What to do with the place one plays at.
 * @param {{at: number, start: number, end: number}} media where it plays, and the newest stretch that is there
 * @returns {{seek: number|null, rate: number}}
 */
export function steer({ at, start, end }) {
  const distance = end - at;
  if (at < start || distance > SEEK_ABOVE_S || distance < -SEEK_ABOVE_S) return { seek: Math.max(start, end - TARGET_S), rate: 1 };
  return { seek: null, rate: rateFor(distance) };
}

/** Until where to forget what was shown, null: nothing. Bounded memory is what lets a tile run for weeks. */
export function trimUntil({ at, start }, keep = KEEP_S, above = TRIM_ABOVE_S) {
  return at - start > above ? at - keep : null;
}

/** How long to wait before the next attempt: doubled each time, with jitter, so that nine tiles do not come back as one. */
export function pauseBefore(attempt, random) {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 6));
  return Math.round(pause * (0.5 + random));
}

/** Age of the picture on the glass: what the server last said of it, and all that passed since; null before the first. */
export function ageOf({ pictureMs, distance, nowMs }) {
  return pictureMs == null ? null : Math.max(0, Math.round(nowMs - pictureMs + Math.min(Math.max(distance, 0), SEEK_ABOVE_S) * 1000));
}

/**
 * What the tile shows of itself. What is seen here outweighs what the server says: no picture for three seconds is no live picture.
 * @param {{linked: boolean, said: string, age: number|null, refused: boolean}} tile
 * @returns {"connecting"|"live"|"stalled"|"offline"|"refused"|"disabled"}
 */
export function stateOf({ linked, said, age, refused }) {
  if (refused) return "refused";
  if (["offline", "refused", "disabled"].includes(said) && (age == null || age > QUIET_MS)) return said;
  if (age == null) return "connecting";
  if (age > QUIET_MS || said === "stalled") return "stalled";
  return linked ? "live" : "stalled";
}

/** "0.2 秒", "14 秒", "3 分": the age as one reads it from the back of the room. */
export function ageWords(ms, t) {
  if (ms == null) return "";
  if (ms < 9_950) return t("video.age.tenths", { n: (ms / 1000).toFixed(1) });
  if (ms < 120_000) return t("video.age.seconds", { n: Math.floor(ms / 1000) });
  return ms < 7_200_000 ? t("video.age.minutes", { n: Math.floor(ms / 60_000) }) : t("video.age.hours", { n: Math.floor(ms / 3_600_000) });
}

/** The sentence of a reason `{code, …}`; a code without one shows itself. */
export function reasonWords(reason, t) {
  if (!reason?.code) return "";
  const words = t(`error.${reason.code}`, reason.details ?? reason);
  return words === `error.${reason.code}` ? t("video.reason_unknown", { code: reason.code }) : words;
}
