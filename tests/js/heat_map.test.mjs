import assert from "node:assert/strict";
import { test } from "node:test";

import { FIELD, blockShape, bySeverity, hiddenRows, loadStep, orderRows, placeRows } from "../../assets/js/modules/heat_layout.mjs";
import { fillFrame } from "../../assets/js/modules/heat_map.mjs";
import { row } from "./factories.mjs";

const city = (count) => Array.from({ length: count }, (_, i) => row({ org: `d${String(i).padStart(2, "0")}`, short: `局${i}`, open: i, yellow: i % 3, red: i % 7 ? 0 : 1 }));

test("the worst department is first", () => {
  const rows = [row({ org: "a", open: 90 }), row({ org: "b", warning: 5 }), row({ org: "c", yellow: 1 }), row({ org: "d", red: 1 })];

  assert.deepEqual(rows.sort(bySeverity).map((one) => one.org), ["d", "c", "b", "a"]);
});

test("departments keep their places between two sortings, and a changed list is sorted anew", () => {
  const before = [row({ org: "a", red: 1 }), row({ org: "b" })];
  const now = [row({ org: "a" }), row({ org: "b", red: 2 })];
  const held = before.map((one) => one.org);

  assert.deepEqual(orderRows(now, held).map((one) => one.org), ["a", "b"]);
  assert.deepEqual(orderRows(now, null).map((one) => one.org), ["b", "a"]);
  assert.deepEqual(orderRows([...now, row({ org: "c", red: 9 })], held)[0].org, "c");
  assert.deepEqual(orderRows([now[0], row({ org: "x", red: 1 })], held)[0].org, "x");
});

test("nothing crosses the seam or leaves the field, for any number of departments", () => {
  const seam = [FIELD.block, FIELD.block + FIELD.gutter];
  for (const count of [1, 12, 24, 25, 47, 48, 50, 60]) {
    const { cells, names } = placeRows(city(count));
    assert.equal(names.length, Math.min(count, 50));
    for (const { x, width, y, height } of cells) {
      assert.ok(x + width <= seam[0] || x >= seam[1], `cell at ${x} crosses the seam`);
      assert.ok(x >= 0 && x + width <= FIELD.width && y - height / 2 >= 0 && y + height / 2 <= FIELD.height);
    }
  }
  assert.equal(hiddenRows(47), 0);
  assert.equal(hiddenRows(60), 10);
});

test("forty-seven departments stand in two blocks of twenty-four rows with room for 22 pixel type", () => {
  const { rows, pitch } = blockShape(47);

  assert.equal(rows, 24);
  assert.ok(pitch >= 30);
});

test("a zero is a dot and never a coloured cell", () => {
  const { cells } = placeRows([row({ open: 0, warning: 0, yellow: 2, red: 0 })]);

  assert.deepEqual(cells.map((cell) => cell.light), ["zero", "zero", "yellow", "zero"]);
});

test("load is a ramp of five steps that only the empty department misses", () => {
  assert.deepEqual([0, 1, 40, 160, 360, 1000].map((value) => loadStep(value, 1000)), [0, 0, 1, 2, 3, 4]);
});

test("the figure is filled from the frame, at the scale of the screen, without touching the frame", () => {
  const bar = (name) => ({ type: "bar", name, marker: { color: "#111", line: { width: 2 } }, textfont: { size: 24 } });
  const frame = {
    data: [{ ...bar("load"), meta: { ramp: ["a", "b", "c", "d", "e"] } }, bar("soon"), bar("yellow"),
      { ...bar("red"), marker: { line: { width: 2 }, pattern: { size: 9 } } },
      { type: "scatter", name: "zero", marker: { size: 5 } },
      { type: "scatter", name: "names", textfont: { size: 24 }, meta: { ink: { red: "r", yellow: "y", calm: "c" } } }],
    layout: { width: 944, height: 744 },
  };
  const printed = JSON.stringify(frame);
  const { data, layout } = fillFrame(frame, [row({ org: "a", open: 9, red: 3 }), row({ org: "b", open: 1 })], 2);
  const trace = (name) => data.find((one) => one.name === name);

  assert.deepEqual([layout.width, layout.height], [1888, 1488]);
  assert.deepEqual(trace("red").text, ["3"]);
  assert.equal(trace("red").marker.pattern.size, 18);
  assert.equal(trace("load").textfont.size, 48);
  assert.deepEqual(trace("load").marker.color, ["e", "b"]);
  assert.deepEqual(trace("names").textfont.color, ["r", "c"]);
  assert.equal(trace("zero").x.length, 5);
  assert.equal(JSON.stringify(frame), printed);
});

test("a name too long for its place is cut, one that fits at the smallest size is not", () => {
  const [long, fits] = placeRows([row({ org: "a", short: "市行政服务中心管理委员会" }), row({ org: "b", short: "市公积金中心" })]).names;

  assert.equal(long.text, "市行政服务中心…");
  assert.ok([...long.text].length * long.size <= FIELD.name, `${long.size}`);
  assert.equal(fits.text, "市公积金中心");
});
