import test from "node:test";
import assert from "node:assert/strict";
import { linesOf } from "../../assets/js/modules/footage_events.mjs";
import { instantOf, moments, nextMoment, noonOf, opening, placeOf, realOf, ticks, windowAround, zoomed } from "../../assets/js/modules/footage_time.mjs";

const HOUR = 3_600_000;
// Two films of a minute with a hole of a minute between them; the business clock runs twice as fast as the real one.
const FILMS = [
  { id: 1, state: "closed", begin: 0, end: 120_000, real_begin: 0, real_end: 60_000 },
  { id: 2, state: "damaged", begin: 120_000, end: 130_000, real_begin: 60_000, real_end: 65_000 },
  { id: 3, state: "closed", begin: 240_000, end: 360_000, real_begin: 120_000, real_end: 180_000 },
];
const DAY = { begin: 0, end: 24 * HOUR, office: [[9 * HOUR, 12 * HOUR], [14 * HOUR, 18 * HOUR]], segments: FILMS, gaps: [], signals: [], incidents: [], cards: [] };

test("a business instant is a second of a film, and back", () => {
  assert.deepEqual([placeOf(FILMS, 60_000).film.id, placeOf(FILMS, 60_000).seconds], [1, 30]);
  assert.equal(instantOf(FILMS[0], 30), 60_000);
  assert.equal(realOf(FILMS, 300_000), 150_000);
  assert.equal(instantOf(FILMS[0], 99), 120_000);
});

test("where nothing was recorded the next film begins, and says so", () => {
  const place = placeOf(FILMS, 150_000);
  assert.deepEqual([place.film.id, place.seconds, place.isThere], [3, 0, false]);
  assert.equal(placeOf(FILMS, 400_000), null);
  assert.equal(realOf(FILMS, 200_000), null);
});

test("a day opens in its office hours where there are films in them", () => {
  const film = (begin) => ({ id: begin, state: "closed", begin, end: begin + 60_000, real_begin: begin, real_end: begin + 60_000 });
  assert.equal(opening(DAY), 0);
  assert.equal(opening({ ...DAY, segments: [film(HOUR), film(10 * HOUR)] }), 10 * HOUR);
  assert.equal(opening({ ...DAY, segments: [] }), 9 * HOUR);
  assert.equal(noonOf(DAY), 13.5 * HOUR);
  assert.equal(noonOf({ ...DAY, office: [] }), 12 * HOUR);
});

test("events are reached in order, from where one is", () => {
  const day = { ...DAY, cards: [{ at: 50_000 }], incidents: [{ begin: 10_000 }], gaps: [{ end: 90_000 }], signals: [{ begin: 50_000 }] };
  const list = moments(day);
  assert.deepEqual(list, [10_000, 50_000, 90_000]);
  assert.equal(nextMoment(list, 50_000, 1), 90_000);
  assert.equal(nextMoment(list, 50_000, -1), 10_000);
  assert.equal(nextMoment(list, 90_000, 1), null);
});

test("the part that is shown stays within the day, and its axis has few lines", () => {
  assert.deepEqual(windowAround(DAY, 0, 4 * HOUR), { begin: 0, end: 4 * HOUR });
  assert.deepEqual(windowAround(DAY, 23 * HOUR, 4 * HOUR), { begin: 20 * HOUR, end: 24 * HOUR });
  assert.equal(zoomed(24 * HOUR, 1), 12 * HOUR);
  assert.equal(zoomed(24 * HOUR, -1), 24 * HOUR);
  assert.equal(zoomed(300_000, 1), 300_000);
  for (const span of [300_000, 900_000, HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR]) {
    const lines = ticks({ begin: 0, end: span }, 8 * HOUR);
    assert.ok(lines.length > 4 && lines.length <= 14, `${span}: ${lines.length}`);
    assert.ok(lines.every((at) => at >= 0 && at <= span));
  }
});

test("what happened stands in the order of time, each line under a key that stays while the day goes on", () => {
  const told = { t: (name) => name, stamp: String };
  const incident = { id: 3, begin: 20, kind: "未戴工牌", comment: "", by: "李敏", clip: { state: "wanted" } };
  const day = { ...DAY, cards: [{ id: 9, at: 30, level: "red", title: "离岗" }], incidents: [incident],
    signals: [{ id: 5, begin: 10, kind: "黑屏" }], gaps: [{ begin: 40, end: 50, why: "断线" }] };
  const later = { ...day, incidents: [{ ...incident, clip: { state: "kept" } }], gaps: [{ begin: 40, end: 60, why: "断线" }] };
  const keys = ["signal:5", "incident:3", "card:9", "gap:0"];
  assert.deepEqual(linesOf(day, told).map((one) => one.key), keys);
  assert.deepEqual(linesOf(later, told).map((one) => one.key), keys);
  assert.deepEqual(linesOf(day, told).map((one) => one.words), ["", "李敏", "离岗", "断线（40–50）"]);
});
