import assert from "node:assert/strict";
import { test } from "node:test";

import { itemWords, left, nextUndecided, partOf } from "../../assets/js/modules/handover_view.mjs";
import { keys as t } from "./factories.mjs";

const NAMES = { orgs: { fagai: "发改委" }, items: { "A-1": "项目核准" } };
const when = (us) => `@${us}`;

test("each of the two officers has his part, everybody else none", () => {
  const handover = { outgoing: "zhou", incoming: "sun" };

  assert.deepEqual([partOf(handover, "zhou"), partOf(handover, "sun"), partOf(handover, "li"), partOf(null, "zhou")], ["outgoing", "incoming", "none", "none"]);
});

test("after a decision the next undecided item is chosen, from the top again behind the last", () => {
  const items = [{ decision: "" }, { decision: "accepted" }, { decision: "" }, { decision: "declined" }];

  assert.equal(left({ items }), 2);
  assert.equal(nextUndecided(items, 0), 2);
  assert.equal(nextUndecided(items, 2), 0);
  assert.equal(nextUndecided([{ decision: "accepted" }], 0), 0);
});

test("an item tells what the incoming officer has to know", () => {
  const card = itemWords({ kind: "acknowledged", facts: { org: "fagai", item: "A-1", case_no: "XY-1", acked_name: "周立新", ack_comment: "已电话", owed: "reply", owed_at: 5 } }, NAMES, t, when);
  const alarm = itemWords({ kind: "alarm", facts: { code: "feed_silent", args: { source: "hall" }, since: 7, count: 1 } }, NAMES, t, when);

  assert.equal(card.title, "发改委 · 项目核准");
  assert.equal(card.more, "XY-1　handover_page.signed|周立新|已电话　handover_page.owed.reply|@5");
  assert.deepEqual(alarm, { title: "alarm.feed_silent|hall|1", more: "handover_page.since|@7" });
});

test("cards beyond what can be listed are one counted line of their department", () => {
  const line = itemWords({ kind: "open", facts: { org: "fagai", level: 2, count: 240, cards: [7, 8] } }, NAMES, t, when);

  assert.deepEqual(line, { title: "handover_page.gathered|发改委|240", more: "handover_page.gathered_more" });
});

test("an unknown department or item keeps its code, a card without an item its title", () => {
  assert.equal(itemWords({ kind: "open", facts: { org: "x", item: "", title: "窗口无人" } }, NAMES, t, when).title, "x · 窗口无人");
});
