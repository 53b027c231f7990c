import assert from "node:assert/strict";
import { test } from "node:test";

import { BY_FORECAST, addressOf, expectedOf, expectedText, isByForecast, orderOf, orderWords, percentText } from "../../assets/js/modules/forecast_order.mjs";
import { byOutlook, orderRows, placeRows } from "../../assets/js/modules/heat_layout.mjs";
import { asOfText, cameWords, outlooksOf } from "../../assets/js/modules/queue_strip.mjs";
import { applyMessage, initialState } from "../../assets/js/modules/live_state.mjs";
import { row } from "./factories.mjs";

const forecast = { as_of: "2026-03-16T10:00:00+08:00", likely: 1, likely_from: 0.5, departments: [{ org: "a", expected: 0.4 }, { org: "b", expected: 7.25 }],
  worst: [{ case_id: "9", org: "b", org_name: "乙局全称", item_name: "许可", chance: 0.715 }, { case_id: "8", org: "x", org_name: "丙局", item_name: "备案", chance: 0.2 }] };
const wall = (order) => ({ dataset: { order } });

test("the order stands in the address, beside what else stands there", () => {
  assert.equal(orderOf("?scene=cameras&sort=forecast"), BY_FORECAST);
  assert.equal(orderOf("?sort=nonsense"), "severity");
  assert.equal(addressOf(BY_FORECAST, "?scene=cameras"), "?scene=cameras&sort=forecast");
  assert.equal(addressOf("severity", "?sort=forecast&tiles=9"), "?tiles=9");
  assert.equal(addressOf("severity", ""), "");
});

test("without a forecast the order stays that of facts, and says why", () => {
  assert.equal(isByForecast(wall(BY_FORECAST), { forecast: null }), false);
  assert.equal(isByForecast(wall(BY_FORECAST), { forecast: { ...forecast, departments: [] } }), false);
  assert.equal(isByForecast(wall("severity"), { forecast }), false);
  assert.equal(isByForecast(wall(BY_FORECAST), { forecast }), true);
  assert.deepEqual([wall(BY_FORECAST), wall("severity")].map((one) => orderWords(one, { forecast: null })), ["wall.forecast.none", "wall.board.sorted"]);
  assert.equal(orderWords(wall(BY_FORECAST), { forecast }), "wall.forecast.sorted");
});

test("the most expected overruns are first; who is foretold nothing comes by severity", () => {
  const rows = [row({ org: "c", red: 1 }), row({ org: "a" }), row({ org: "d", yellow: 2 }), row({ org: "b" })];
  const order = byOutlook(expectedOf(forecast));

  assert.deepEqual(orderRows(rows, null, order).map((one) => one.org), ["b", "a", "c", "d"]);
  assert.deepEqual(orderRows(rows, null).map((one) => one.org).slice(0, 2), ["c", "d"]);
});

test("what is foretold stands in the hue of the load, never in that of a card, and lights stay what they are", () => {
  const { cells } = placeRows([row({ org: "b", open: 40, warning: 3, red: 1 }), row({ org: "c", open: 9 })], expectedOf(forecast));

  assert.deepEqual(cells.slice(0, 4).map((cell) => [cell.light, cell.text]), [["load", "7.3"], ["soon", "3"], ["zero", "0"], ["red", "1"]]);
  assert.deepEqual([cells[4].light, cells[4].text], ["zero", "0"]);
});

test("figures say no more than is known", () => {
  assert.deepEqual([0, 0.04, 0.44, 9.94, 9.96, 23.4].map(expectedText), ["0", "0", "0.4", "9.9", "10", "23"]);
  assert.deepEqual([0, 0.004, 0.615, 0.996, 1].map(percentText), ["0 %", "< 1 %", "62 %", "> 99 %", "100 %"]);
});

test("a forecast of another day says which", () => {
  assert.equal(asOfText("2026-03-16T06:05:00+08:00", "2026-03-16T09:00:00+08:00"), "06:05");
  assert.equal(asOfText("2026-03-13T06:05:00+08:00", "2026-03-16T09:00:00+08:00"), "03-13 06:05");
  assert.equal(asOfText("2026-03-13T06:05:00+08:00", null), "06:05");
});

test("the queue lists cases by their short department names", () => {
  const rows = outlooksOf(forecast, { b: "乙局" });

  assert.deepEqual(rows.map((one) => [one.id, one.org, one.isForecast]), [["forecast-9", "乙局", true], ["forecast-8", "丙局", true]]);
  assert.equal(outlooksOf(forecast, {}, 1).length, 1);
});

test("a forecast comes with the gauges and goes with them", () => {
  const told = applyMessage(initialState(), "gauge", { forecast }).state;

  assert.equal(told.forecast, forecast);
  assert.equal(applyMessage(told, "gauge", { forecast: null }).state.forecast, null);
  assert.equal(applyMessage(told, "gauge", { alarms: [] }).state.forecast, forecast);
});

test("how often such forecasts came true stands beside the queue, where enough cases tell", () => {
  const t = (key, values) => `${key} ${JSON.stringify(values)}`;
  const came = [{ low: 0.7, high: 1, share: 0.812, n: 340 }, { low: 0.5, high: 0.7, share: 0.577, n: 900 }];

  assert.equal(cameWords([], t), "");
  assert.equal(cameWords(undefined, t), "");
  const words = cameWords(came, t);
  assert.match(words, /^wall\.forecast\.came /);
  assert.ok(words.indexOf("came_from") < words.indexOf("came_between"));
  assert.match(words, /81%/);
  assert.match(words, /58%/);
});
