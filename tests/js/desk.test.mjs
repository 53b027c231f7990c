import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import { commander, newId, outcome } from "../../assets/js/modules/desk_commands.mjs";
import { storyOf } from "../../assets/js/modules/desk_story.mjs";
import { CARDS_PER_COMMAND, NO_FILTER, departments, listed, revisions, standing, stepFrom, tally } from "../../assets/js/modules/desk_view.mjs";
import { card } from "./factories.mjs";

globalThis.crypto ??= webcrypto; // browsers and newer Nodes have it as a global

const ids = (cards) => cards.map(({ id }) => id);
const t = (key, values = {}) => `${key}${Object.keys(values).length ? JSON.stringify(values) : ""}`;
const at = (minute) => `2026-03-16T09:${String(minute).padStart(2, "0")}:00+08:00`;

// The list ----------------------------------------------------------------------------------------------------------

test("unsigned come first, red before yellow before warning, the oldest of each first", () => {
  const cards = [
    card({ id: 1, level: "warning", state: "unack", level_at: at(1) }), card({ id: 2, level: "red", state: "acked", level_at: at(1) }),
    card({ id: 3, level: "yellow", state: "unack", level_at: at(9) }), card({ id: 4, level: "yellow", state: "rtn_unack", level_at: at(2) }),
    card({ id: 5, level: "red", state: "unack", level_at: at(30) }), card({ id: 6, level: "red", state: "unack", level_at: at(20) }),
  ];

  assert.deepEqual(ids(listed(cards, NO_FILTER)), [6, 5, 4, 3, 1, 2]);
});

test("filters by level, department, waiting and words combine", () => {
  const cards = [
    card({ id: 1, level: "red", state: "unack", org: "A", org_name: "民政局", item_name: "公墓审批", case_no: "XY-1" }),
    card({ id: 2, level: "red", state: "acked", org: "A", org_name: "民政局", item_name: "公墓审批", case_no: "XY-2" }),
    card({ id: 3, level: "yellow", state: "unack", org: "B", org_name: "公安局", item_name: "爆破许可", case_no: "XY-3" }),
  ];
  const only = (filter) => ids(listed(cards, { ...NO_FILTER, ...filter }));

  assert.deepEqual(only({ level: "red", waiting: true }), [1]);
  assert.deepEqual(only({ org: "B" }), [3]);
  assert.deepEqual(only({ text: "  民政 xy-2 " }), [2]);
  assert.deepEqual(only({ text: "没有" }), []);
});

test("the tally counts each level, who waits, and since when the oldest waits", () => {
  const counts = tally([card({ id: 1, level: "red", state: "unack", level_at: at(9) }), card({ id: 2, level: "red", state: "acked", level_at: at(1) }),
    card({ id: 3, level: "yellow", state: "unack", level_at: at(5) })]);

  assert.deepEqual(counts.red, { all: 2, waiting: 1 });
  assert.equal(counts.waiting, 2);
  assert.equal(counts.oldest, at(5));
});

test("departments are those with a card now, the busiest first", () => {
  const found = departments([card({ id: 1, org: "A", org_name: "甲" }), card({ id: 2, org: "B", org_name: "乙" }), card({ id: 3, org: "B", org_name: "乙" })]);

  assert.deepEqual(found.map(({ org, count }) => [org, count]), [["B", 2], ["A", 1]]);
});

test("one keeps standing on a card while the list moves, and next to it when it is gone", () => {
  const [a, b, c] = [1, 2, 3].map((id) => card({ id }));

  assert.equal(standing([c, a, b], 1, 0), a);
  assert.equal(standing([a, c], 2, 1), c);
  assert.equal(standing([a], 2, 1), a);
  assert.equal(standing([], 2, 1), null);
});

test("steps stay inside the list", () => {
  const cards = [1, 2, 3].map((id) => card({ id }));

  assert.equal(stepFrom(cards, 1, 1).id, 2);
  assert.equal(stepFrom(cards, 3, 1).id, 3);
  assert.equal(stepFrom(cards, 2, -Infinity).id, 1);
  assert.equal(stepFrom(cards, 2, Infinity).id, 3);
});

test("a command names the revisions on the screen, only of cards that wait, and no more than the server takes", () => {
  const many = Array.from({ length: CARDS_PER_COMMAND + 5 }, (_, id) => card({ id, rev: 2, state: "unack" }));

  assert.deepEqual(revisions([card({ id: 1, rev: 4, state: "unack" }), card({ id: 2, rev: 1, state: "acked" })]), [{ id: 1, rev: 4 }]);
  assert.equal(revisions(many).length, CARDS_PER_COMMAND);
});

// Commands ----------------------------------------------------------------------------------------------------------

test("a command is repeated under its own number until it is answered", async () => {
  const sent = [];
  const emit = async (_name, payload) => { sent.push(payload.command_id); if (sent.length < 4) throw new Error("no answer"); return { ok: true }; };
  const pauses = [];
  let number = 0;
  const send = commander({ emit, wait: async (ms) => { pauses.push(ms); }, newId: () => `c${(number += 1)}` });

  assert.deepEqual(await send({ type: "acknowledge", cards: [] }), { ok: true });
  assert.deepEqual(sent, ["c1", "c1", "c1", "c1"]);
  assert.deepEqual(pauses, [500, 1000, 2000]);
});

test("numbers are version 4 UUIDs, each its own", () => {
  const made = new Set(Array.from({ length: 50 }, newId));

  assert.equal(made.size, 50);
  for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("an answer tells what was signed and why the rest was not", () => {
  const answer = { ok: false, results: [{ id: 1, ok: true }, { id: 2, ok: false, error: "card_changed", message: "此牌已变化" }] };
  const told = outcome(answer, t);

  assert.equal(told.signed, 1);
  assert.deepEqual(told.refused, [{ id: 2, words: "此牌已变化" }]);
  assert.match(told.words, /desk\.done\.signed.*desk\.done\.refused.*此牌已变化/);
});

test("a card somebody else signed first is told with his name", () => {
  const answer = { ok: true, results: [{ id: 1, ok: true, already: true, message: "已由 李敏 签收" }] };

  assert.equal(outcome(answer, t).words, "已由 李敏 签收");
});

test("a refused command is told in the server's words, or by its code", () => {
  assert.equal(outcome({ ok: false, error: "sign_in_required", message: "请先登录" }, t).words, "请先登录");
  assert.match(outcome({ ok: false, error: "x" }, t).words, /desk\.refused\.unknown.*x/);
});

// The story of a card -----------------------------------------------------------------------------------------------

test("the story tells only what changed from one revision to the next", () => {
  const raised = card({ id: 1, rev: 1, level: "yellow", state: "unack", condition: true, acked: null, stale: false, level_at: at(1), raised_at: at(1), late_text: "超承诺" });
  const signed = { ...raised, rev: 2, state: "acked", acked: { by: "李敏", at: at(3), comment: "已电话" } };
  const worse = { ...raised, rev: 3, level: "red", state: "unack", level_at: at(20), acked: null, late_text: "超法定" };
  const over = { ...worse, rev: 4, condition: false, state: "rtn_unack", cleared_at: at(30) };
  const closed = { ...over, rev: 5, state: "closed", closed_at: at(31), acked: { by: "周立新", at: at(31), comment: "" }, closed_reason: "acknowledged" };
  const story = storyOf([raised, signed, worse, over, closed].map((one, n) => ({ at: at(40 + n), card: one })));

  assert.deepEqual(story.map(({ kind }) => kind), ["raised", "acked", "worsened", "asks_again", "cleared", "acked", "closed"]);
  assert.deepEqual(story[1], { at: at(3), kind: "acked", by: "李敏", text: "已电话" });
  assert.equal(story[2].at, at(20));
});

test("the story tells when the source fell silent and came back", () => {
  const before = card({ id: 1, stale: false });
  const kinds = storyOf([before, { ...before, stale: true }, before].map((one, n) => ({ at: at(n), card: one }))).map(({ kind }) => kind);

  assert.deepEqual(kinds.slice(1), ["stale", "fresh"]);
});
