import assert from "node:assert/strict";
import { test } from "node:test";

import { civil, civilDue, clip, hanWidth, initials, instant, offsetMinutes, percent, span, textsOf, thousands } from "../../assets/js/modules/format.mjs";
import { keys } from "./factories.mjs";

test("numbers are grouped and what is not known is a dash, never a zero", () => {
  assert.equal(thousands(0), "0");
  assert.equal(thousands(1234567), "1,234,567");
  assert.equal(thousands(null), "—");
  assert.equal(percent(undefined), "—");
});

test("a rate is never rounded up to a hundred", () => {
  assert.equal(percent(0.9873), "98.7");
  assert.equal(percent(0.99999), "99.9");
  assert.equal(percent(1), "100");
  assert.equal(percent(0), "0.0");
});

test("an instant is read only with its offset", () => {
  assert.equal(instant("2026-03-16T09:00:00+08:00"), Date.UTC(2026, 2, 16, 1));
  assert.equal(instant("2026-03-16T09:00:00.250Z"), Date.UTC(2026, 2, 16, 9, 0, 0, 250));
  assert.equal(instant("2026-03-16 09:00"), null);
  assert.equal(instant(null), null);
  assert.equal(offsetMinutes("2026-03-16T09:00:00+08:00"), 480);
  assert.equal(offsetMinutes("2026-03-16T09:00:00-03:30"), -210);
});

test("the wall clock of the room is read in the zone the server wrote", () => {
  const at = civil(Date.UTC(2026, 2, 15, 16, 5, 9), 480);

  assert.deepEqual([at.year, at.month, at.day, at.weekday, at.hm, at.hms], [2026, 3, 16, 1, "00:05", "00:05:09"]);
});

test("spans are short", () => {
  assert.equal(span(30_000, keys), "wall.span.now");
  assert.equal(span(12 * 60_000, keys), "wall.span.minutes|12");
  assert.equal(span(185 * 60_000, keys), "wall.span.hours|3|5");
  assert.equal(span(50 * 3_600_000, keys), "wall.span.days|2|2");
  assert.equal(span(-5, keys), "wall.span.now");
});

test("long words are clipped by their width in Han characters", () => {
  assert.equal(clip("商品房预售许可", 7), "商品房预售许可");
  assert.equal(clip("建设工程规划许可证核发", 7), "建设工程规划…");
  assert.ok(hanWidth("XY2026") < hanWidth("市住建局"));
});

test("a signature is a whole Chinese name or the initials of a long one", () => {
  assert.equal(initials("欧阳建国"), "欧阳建国");
  assert.equal(initials("Alexander Hamilton"), "AH");
  assert.equal(initials(null), "");
});

test("a missing sentence shows its key", () => {
  const t = textsOf({ wall: { queue: { waiting: "待签收 {n} 张" } } });

  assert.equal(t("wall.queue.waiting", { n: 3 }), "待签收 3 张");
  assert.equal(t("wall.queue.waiting"), "待签收 {n} 张");
  assert.equal(t("wall.nothing.here"), "wall.nothing.here");
});

test("an instant from which something is late is written as the end of the day before", () => {
  const midnight = Date.parse("2026-03-17T00:00:00+08:00");
  const { month, day, hm, hms } = civilDue(midnight, 480);
  assert.deepEqual([month, day, hm, hms], [3, 16, "24:00", "24:00:00"]);
  assert.equal(civilDue(midnight + 1000, 480).hms, "00:00:01");
  assert.equal(civilDue(Date.parse("2026-01-01T00:00:00+08:00"), 480).year, 2025);
});
