/** Business time of a day and the recorded files that show it. Pure: everything in milliseconds. */

/** Files that can be played, in order. @param {object[]} segments */
export const playable = (segments) => segments.filter((one) => one.state === "closed" && one.end > one.begin);

/** Where a business instant is on film: the file and the second in it; the next file after a gap, else null. */
export function placeOf(segments, at) {
  const films = playable(segments);
  const index = films.findIndex((one) => at < one.end);
  if (index < 0) return null;
  const film = films[index];
  const share = Math.max(0, at - film.begin) / (film.end - film.begin);
  return { index, film, seconds: share * (film.real_end - film.real_begin) / 1000, isThere: at >= film.begin };
}

/** The business instant of a second in a file. */
export function instantOf(film, seconds) {
  const real = film.real_end - film.real_begin;
  return film.begin + (real > 0 ? Math.min(1, Math.max(0, seconds * 1000 / real)) : 0) * (film.end - film.begin);
}

/** The real instant of a business one, null where nothing was recorded. */
export function realOf(segments, at) {
  const film = segments.find((one) => at >= one.begin && at <= one.end && one.end > one.begin);
  return film ? film.real_begin + (at - film.begin) / (film.end - film.begin) * (film.real_end - film.real_begin) : null;
}

/** Everything of the day one may jump to, in order: cards, signals, incidents, ends of gaps. */
export function moments(day) {
  const found = [
    ...day.cards.map((one) => one.at), ...day.signals.map((one) => one.begin), ...day.incidents.filter((one) => !one.withdrawn).map((one) => one.begin),
    ...day.gaps.map((one) => one.end)];
  return [...new Set(found)].filter((at) => at >= day.begin && at < day.end).sort((one, other) => one - other);
}

/** The moment before or after an instant; a little way is needed to leave the one that is there. */
export function nextMoment(list, at, step, slack = 1500) {
  return step > 0 ? list.find((one) => one > at + slack) ?? null : list.findLast((one) => one < at - slack) ?? null;
}

/** The part of the day that is shown: `span` long, around `at`, within the day. */
export function windowAround(day, at, span) {
  const length = Math.min(span, day.end - day.begin);
  const begin = Math.min(Math.max(day.begin, at - length / 2), day.end - length);
  return { begin, end: begin + length };
}

const STEPS = [86_400_000, 43_200_000, 14_400_000, 3_600_000, 900_000, 300_000];

/** The next longer or shorter part. */
export function zoomed(span, step) {
  const place = STEPS.reduce((best, one, index) => (Math.abs(one - span) < Math.abs(STEPS[best] - span) ? index : best), 0);
  return STEPS[Math.min(STEPS.length - 1, Math.max(0, place + step))];
}

/** Where lines of the time axis stand. */
export function ticks({ begin, end }, offsetMs) {
  const wanted = (end - begin) / 12;
  const step = [10_000, 30_000, 60_000, 120_000, 300_000, 900_000, 1_800_000, 3_600_000, 7_200_000].find((one) => one >= wanted) ?? 7_200_000;
  const first = Math.ceil((begin + offsetMs) / step) * step - offsetMs;
  return Array.from({ length: Math.max(0, Math.floor((end - first) / step) + 1) }, (_, n) => first + n * step);
}

/** The middle of the office hours, that of the day where there are none. */
export const noonOf = (day) => (day.office.length > 0 ? (day.office[0][0] + day.office.at(-1)[1]) / 2 : (day.begin + day.end) / 2);

/** What is in part of a day, opening with the first thing worth looking at: in office hours where there are any. */
export function opening(day) {
  const films = playable(day.segments);
  if (films.length === 0) return day.office[0]?.[0] ?? day.begin;
  const open = day.office.find(([, end]) => films.some((one) => one.end > day.office[0][0] && one.begin < end));
  return open ? Math.max(open[0], films.find((one) => one.end > open[0]).begin) : films[0].begin;
}
