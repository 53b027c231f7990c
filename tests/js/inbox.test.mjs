import assert from "node:assert/strict";
import { test } from "node:test";

import { when } from "../../assets/js/modules/format.mjs";
import { address, badge, label } from "../../assets/js/modules/inbox_view.mjs";
import { keys as t } from "./factories.mjs";

test("the badge is empty for none and never longer than three characters", () => {
  assert.deepEqual([0, undefined, 1, 99, 100, 12_000].map(badge), ["", "", "1", "99", "99+", "99+"]);
});

test("the label says the whole number, and that there is none", () => {
  assert.deepEqual([label(120, t), label(0, t)], ["inbox.label|120", "inbox.label_none"]);
});

test("a notice leads to its paper, else to its card", () => {
  assert.equal(address({ paper: "", card_id: 17 }), "/card/17/");
  assert.equal(address({ paper: "新监建〔2026〕1号", card_id: 0 }), `/orders/?view=papers&q=${encodeURIComponent("新监建〔2026〕1号")}`);
});

test("an instant is written in Beijing time", () => {
  assert.equal(when(Date.UTC(2026, 2, 16, 1, 20) * 1000), "03-16 09:20");
});
