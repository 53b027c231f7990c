import assert from "node:assert/strict";
import { test } from "node:test";

import { alarmsNow } from "../../assets/js/modules/alarm_strip.mjs";
import { CARD, fitCards, moreWords } from "../../assets/js/modules/card_columns.mjs";
import { ackWords, itemLines } from "../../assets/js/modules/card_view.mjs";
import { floodWords, planFly } from "../../assets/js/modules/fly_over.mjs";
import { ageWords } from "../../assets/js/modules/link_strip.mjs";
import { queueOf, slots } from "../../assets/js/modules/queue_strip.mjs";
import { dutyWords, feedWords, mount as mountRoom } from "../../assets/js/modules/room_strip.mjs";
import { reloadDue, shiftAt } from "../../assets/js/modules/screen_care.mjs";
import { createStore } from "../../assets/js/modules/store.mjs";
import { calendarWords } from "../../assets/js/modules/ticking_clock.mjs";
import { card, keys } from "./factories.mjs";

const many = (count, changes = {}) => Array.from({ length: count }, (_, i) => card({ id: i + 1, ...changes }));

test("red cards come first but leave the two oldest yellow cards on the wall", () => {
  assert.deepEqual(fitCards(many(60), many(110)), { red: 3, yellow: 2 });
  assert.deepEqual(fitCards([], many(110)), { red: 0, yellow: 4 });
  assert.deepEqual(fitCards(many(9), []), { red: 4, yellow: 0 });
  assert.deepEqual(fitCards(many(1), many(2)), { red: 1, yellow: 2 });
});

test("a long item takes a second line and the place of it", () => {
  const long = card({ item_name: "生产建设项目水土保持方案审批及验收报备手续" });

  assert.equal(itemLines(long), 2);
  assert.equal(itemLines(card()), 1);
  const height = (cards) => cards.reduce((sum, one) => sum + CARD.oneLine + (itemLines(one) - 1) * CARD.line + CARD.gap, 0);
  const reds = many(9, { item_name: long.item_name });
  assert.ok(height(reds.slice(0, fitCards(reds, []).red)) <= 648);
});

test("what does not fit is said in numbers", () => {
  assert.equal(moreWords(0, 0, keys), "");
  assert.equal(moreWords(0, 23, keys), "wall.card.more|wall.card.more_yellow|23");
});

test("a card says who signed it, or for how long nobody has", () => {
  const view = { t: keys, serverNow: Date.parse("2026-03-16T08:42:00+08:00") };

  assert.equal(ackWords(card({ state: "acked", acked: { by: "李强" } }), view), "wall.card.acked|李强");
  assert.equal(ackWords(card({ state: "rtn_unack" }), view), "wall.card.over_unsigned");
  assert.equal(ackWords(card(), view), "wall.card.unsigned_for|wall.span.minutes|12");
  assert.equal(ackWords(card(), { t: keys, serverNow: null }), "wall.card.unsigned");
});

test("new cards fly one after the other, faster when many wait, and a flood is one picture", () => {
  const all = () => true;

  assert.equal(planFly([], all), null);
  assert.deepEqual([planFly(many(1), all).forMs, planFly(many(1), all).rest.length], [8_000, 0]);
  assert.equal(planFly(many(6), all).forMs, 4_000);
  assert.equal(planFly(many(11), all).show.kind, "flood");
  assert.equal(planFly(many(3), (one) => one.id === 3).show.card.id, 3);
  assert.equal(floodWords(0, 14, keys), "wall.card.more_yellow|14");
});

test("the queue steps by whole rows and comes round to its beginning", () => {
  const items = many(5).map((one) => one.id);

  assert.deepEqual(slots(items.slice(0, 3), 7), [1, 2, 3]);
  assert.deepEqual(slots(items, 0), [1, 2, 3, 4]);
  assert.deepEqual(slots(items, 1), [3, 4, 5, 1]);
  assert.deepEqual(slots(items, 3), [1, 2, 3, 4]);
  assert.equal(queueOf(many(500)).length, 60);
});

test("no source at all is as bad as a silent one", () => {
  const feed = (state, name) => ({ source: name, name, state });

  assert.equal(feedWords([], keys).bad, true);
  assert.deepEqual(feedWords([feed("ok", "a"), feed("ok", "b")], keys), { text: "wall.feeds.all_ok|2", bad: false });
  assert.deepEqual(feedWords([feed("silent", "公积金中心")], keys), { text: "wall.feeds.silent|公积金中心", bad: true });
  assert.equal(feedWords([feed("silent", "a"), feed("late", "b")], keys).text, "wall.feeds.and_more|wall.feeds.silent|a|2");
});

test("the age of the data is told in seconds, then in minutes", () => {
  assert.equal(ageWords(null, keys), "wall.link.no_data");
  assert.equal(ageWords(1_400, keys), "wall.link.age_s|1");
  assert.equal(ageWords(300_000, keys), "wall.link.age_m|5");
});

test("the page is loaded anew only at night, when it is old and no red card waits", () => {
  const night = { hm: "03:31", ageMs: 8 * 3_600_000, unsignedReds: 0 };

  assert.equal(reloadDue(night), true);
  assert.equal(reloadDue({ ...night, hm: "14:00" }), false);
  assert.equal(reloadDue({ ...night, ageMs: 60_000 }), false);
  assert.equal(reloadDue({ ...night, unsignedReds: 1 }), false);
});

test("the picture moves by at most four pixels and comes back", () => {
  const places = Array.from({ length: 10 }, (_, step) => shiftAt(step));

  assert.ok(places.every(([x, y]) => Math.abs(x) <= 4 && Math.abs(y) <= 4));
  assert.deepEqual(shiftAt(10), shiftAt(0));
});

test("a holiday is named", () => {
  assert.equal(calendarWords({ state: "holiday", day_name: "国庆节" }, keys), "wall.calendar.holiday · 国庆节");
  assert.equal(calendarWords({ state: "lunch", day_name: "" }, keys), "wall.calendar.lunch");
});

test("a reader that fails does not keep the others from the news, and the failure is told", () => {
  const faults = [];
  const seen = [];
  const store = createStore(0, (callback) => callback(), (fault) => faults.push(fault.message));
  store.subscribe((value) => { if (value === 1) throw new Error("broken"); });
  store.subscribe((value) => seen.push(value));
  store.set(1);

  assert.deepEqual(seen, [0, 1]);
  assert.deepEqual(faults, ["broken"]);
});

test("a screen that hears nothing never says that all is well", () => {
  const heard = { connected: true, loaded: true, lastHeardMs: 0, nowMs: 1_000 };
  const reported = [{ code: "limit_missing", text: "缺期限", count: 3 }];

  assert.deepEqual(alarmsNow(heard, [], null, keys), []);
  assert.deepEqual(alarmsNow(heard, [], reported, keys).map((alarm) => alarm.code), ["limit_missing"]);
  assert.deepEqual(alarmsNow({ ...heard, nowMs: 12_000 }, [], reported, keys).map((alarm) => alarm.code), ["no_data", "limit_missing"]);
});

test("the foot of the wall names who is on duty, and says so when nobody is", () => {
  assert.deepEqual(dutyWords({ name: "周立新、李敏", since: null }, keys), { text: "周立新、李敏", bad: false });
  assert.deepEqual(dutyWords(null, keys), { text: "wall.duty.nobody", bad: true });
});

test("a gap of the roster takes the name off the wall, and the next turn puts one back", () => {
  const { root, parts } = stripOf("duty", "feeds");
  const store = createStore({ loaded: true, duty: { name: "周立新" }, feeds: [] }, (draw) => draw(), assert.fail);
  mountRoom(root, { store, t: keys });
  const shown = () => [parts.duty.textContent, parts.duty.classes.has("is-missing")];
  assert.deepEqual(shown(), ["周立新", false]);

  store.set({ ...store.get(), duty: null });
  assert.deepEqual(shown(), ["wall.duty.nobody", true]);

  store.set({ ...store.get(), duty: { name: "李敏" } });
  assert.deepEqual(shown(), ["李敏", false]);
});

/** The little of a document that a strip of the wall draws into. */
function stripOf(...names) {
  const parts = Object.fromEntries(names.map((name) => {
    const classes = new Set();
    const classList = { contains: (one) => classes.has(one), toggle: (one, on) => (on ? classes.add(one) : classes.delete(one)) };
    return [name, { textContent: "", classes, classList }];
  }));
  return { parts, root: { querySelector: (selector) => parts[selector.match(/data-part=(\w+)/)[1]] } };
}
