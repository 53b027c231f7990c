import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import { commander, newId, orderer, outcome } from "../../assets/js/modules/desk_commands.mjs";
import { ACTIONS, ISSUE, actionOfKey, commandOf, fitting, lacking, offered } from "../../assets/js/modules/desk_actions.mjs";
import { awaitsMine, isReplyOverdue, nameOf, notesOf } from "../../assets/js/modules/card_axes.mjs";
import { floodOf, folded, groupOf } from "../../assets/js/modules/desk_flood.mjs";
import { askedCard, deskMemory } from "../../assets/js/modules/desk_memory.mjs";
import { stateWords } from "../../assets/js/modules/desk_list.mjs";
import { storyOf } from "../../assets/js/modules/desk_story.mjs";
import { CARDS_PER_COMMAND, NO_FILTER, departments, listed, nextWaiting, revisions, standing, stepFrom, tabTitle, tally, viewCounts } from "../../assets/js/modules/desk_view.mjs";
import { spokenAnswer } from "../../assets/js/modules/spoken.mjs";
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

  assert.deepEqual(only({ level: "red", view: "waiting" }), [1]);
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

test("an answer tells what was done and why the rest was not", () => {
  const answer = { ok: false, results: [{ id: 1, ok: true }, { id: 2, ok: false, error: "card_changed", message: "此牌已变化" }] };
  const told = outcome(answer, "签收", t);

  assert.equal(told.done, 1);
  assert.equal(told.tone, "refused");
  assert.deepEqual(told.refused, [{ id: 2, words: "此牌已变化" }]);
  assert.match(told.words, /desk\.done\.served.*desk\.done\.refused.*此牌已变化/);
});

test("a card somebody else signed first is told with his name", () => {
  const answer = { ok: true, results: [{ id: 1, ok: true, already: true, message: "已由 李敏 签收" }] };

  assert.equal(outcome(answer, "签收", t).words, "已由 李敏 签收");
});

test("a refused command is told in the server's words, or by its code", () => {
  assert.equal(outcome({ ok: false, error: "sign_in_required", message: "请先登录" }, "签收", t).words, "请先登录");
  assert.match(outcome({ ok: false, error: "x", results: [] }, "签收", t).words, /desk\.refused\.unknown.*x/);
});

test("an answer is told in the language of the page", () => {
  const why = { message: "此牌已变化", words: { en: { message: "This card has changed" } } };
  const answer = { ok: false, results: [{ id: 2, ok: false, error: "card_changed", ...why }] };

  assert.equal(outcome(spokenAnswer(answer, "en"), "Sign", t).refused[0].words, "This card has changed");
  assert.equal(outcome(spokenAnswer(answer, "zh"), "签收", t).refused[0].words, "此牌已变化");
  assert.equal(outcome(spokenAnswer({ ok: false, error: "x", ...why, results: [] }, "en"), "Sign", t).words, "This card has changed");
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

// What waits for whom -----------------------------------------------------------------------------------------------

const OFFICER = { name: "zhou", display_name: "周立新", roles: ["duty_officer"] };
const LEADER = { name: "sun", display_name: "孙志刚", roles: ["shift_leader"] };
const half = (changes = {}) => card({ id: 1, level: "red", state: "unack", first: { by: "周立新", as: "officer", at: at(1), comment: "" }, ...changes });
const waitingReply = (changes = {}) => card({ state: "acked", disposition: "signed", reply_due_at: at(30), ...changes });

test("a red card signed by an officer waits for the shift leader and no longer for the officer", () => {
  assert.equal(awaitsMine(half(), LEADER), true);
  assert.equal(awaitsMine(half(), OFFICER), false);
  assert.equal(awaitsMine(half({ first: { by: "孙志刚", as: "shift_leader", at: at(1), comment: "" } }), OFFICER), true);
  assert.equal(awaitsMine(half({ first: { by: "孙志刚", as: "shift_leader", at: at(1), comment: "" } }), LEADER), false);
});

test("a reply is overdue when its instant has passed and none came", () => {
  const late = Date.parse(at(31));
  assert.equal(isReplyOverdue(waitingReply(), late), true);
  assert.equal(isReplyOverdue(waitingReply(), Date.parse(at(29))), false);
  assert.equal(isReplyOverdue(waitingReply({ disposition: "replied" }), late), false);
  assert.equal(isReplyOverdue(waitingReply(), null), false);
});

test("each view holds the cards its question is about", () => {
  const cards = [half(), card({ id: 2, state: "normal", disposition: "to_confirm" }), card({ id: 3, state: "acked", disposition: "replied" }),
    card({ id: 4, state: "shelved", suppression: { kind: "shelved", until: at(50), by: "周立新", reason: "" } }),
    card({ id: 5, state: "acked", appeal: "filed" }), card({ id: 6, state: "acked", revocation: { by: "zhou", name: "周立新", reason: "误判" } }),
    waitingReply({ id: 7 }), card({ id: 8, state: "acked", disposition: "under_order", order_no: "督〔2026〕1号" })];
  const counts = viewCounts(cards, { me: LEADER, nowMs: Date.parse(at(40)) });

  assert.deepEqual(counts, { waiting: 1, second: 1, to_confirm: 1, replied: 1, overdue: 1, under_order: 1, appeals: 1, revocations: 1, shelved: 1 });
});

test("what waits for a signature comes before what waits for confirmation, and what is shelved comes last", () => {
  const shelved = card({ id: 1, level: "red", state: "shelved", suppression: { kind: "shelved", until: at(50), by: "", reason: "" } });
  const toConfirm = card({ id: 2, level: "red", state: "normal", disposition: "to_confirm" });

  assert.deepEqual(ids(listed([shelved, card({ id: 3, level: "warning", state: "acked" }), toConfirm, card({ id: 4, level: "warning", state: "unack" })], NO_FILTER)), [4, 2, 3, 1]);
});

test("notes tell what is owed, worst first", () => {
  const codes = notesOf(card({ state: "acked", disposition: "under_order", order_no: "1", reply_due_at: at(1), appeal: "filed", escalation: 2, re_alarms: 3 }), Date.parse(at(9)))
    .map(({ code }) => code);

  assert.deepEqual(codes, ["reply_overdue", "appeal_filed", "under_order", "escalated", "again"]);
});

test("the next unsigned card is the one below, from the top again behind the last", () => {
  const cards = [card({ id: 1, state: "unack" }), card({ id: 2, state: "acked" }), card({ id: 3, state: "unack" })];

  assert.equal(nextWaiting(cards, 1).id, 3);
  assert.equal(nextWaiting(cards, 3).id, 1);
  assert.equal(nextWaiting([cards[1]], 2), null);
});

test("the tab says how many wait and since when", () => {
  assert.equal(tabTitle("值班席", 3, "5 分"), "（3）值班席 · 5 分");
  assert.equal(tabTitle("值班席", 0, ""), "值班席");
});

// Commands on offer -------------------------------------------------------------------------------------------------

const names = (cards, me) => offered(cards, me).map(({ action }) => action.name);

test("no key stands for two commands that fit the same card", () => {
  const states = [half(), card({ state: "unack" }), card({ state: "acked", disposition: "signed" }), card({ state: "acked", disposition: "replied", appeal: "filed", revocation: { by: "x", name: "某某", reason: "" } }),
    card({ state: "normal", disposition: "to_confirm" }), card({ state: "shelved", suppression: { kind: "shelved" } }),
    card({ state: "out_of_service", suppression: { kind: "out_of_service" } }), card({ state: "suppressed", suppression: { kind: "by_design" } })];
  const inspector = { name: "li", display_name: "李敏", roles: ["inspector"] };
  for (const one of states) {
    const keys = offered([one], inspector).flatMap(({ action }) => action.keys);
    assert.equal(new Set(keys).size, keys.length, JSON.stringify(names([one], inspector)));
  }
});

test("a department user is offered nothing, a leader no signature", () => {
  assert.deepEqual(names([card({ state: "unack" })], { name: "z", display_name: "赵", roles: ["department_user"] }), []);
  assert.ok(!names([card({ state: "unack" })], { name: "w", display_name: "王", roles: ["leader"] }).includes("acknowledge"));
  assert.ok(names([card({ state: "unack" })], OFFICER).includes("acknowledge"));
});

test("whoever signed first is not offered the second signature", () => {
  assert.ok(!names([half()], OFFICER).includes("acknowledge"));
  assert.ok(names([half()], LEADER).includes("acknowledge"));
});

test("a card that waits for confirmation can be confirmed or dismissed, not signed or shelved", () => {
  const one = card({ state: "normal", disposition: "to_confirm" });

  assert.deepEqual(names([one], LEADER), ["confirm", "dismiss", "comment"]);
  assert.deepEqual(names([one], OFFICER), ["comment"]);
});

test("a red card is shelved by a shift leader only", () => {
  assert.ok(!names([half()], OFFICER).includes("shelve"));
  assert.ok(names([half()], LEADER).includes("shelve"));
});

test("a clock that still runs is written off by nobody but a leader; an act that stays done may be", () => {
  const signed = (changes) => card({ state: "acked", disposition: "signed", condition: true, acked: { by: "周立新", at: at(1), comment: "" }, ...changes });
  assert.ok(!names([signed()], LEADER).includes("write_off"));
  assert.ok(names([signed()], { name: "w", display_name: "王", roles: ["leader"] }).includes("write_off"));
  assert.ok(names([signed({ origin: "act" })], LEADER).includes("write_off"));
});

test("one key shelves what is open and brings back what is shelved", () => {
  assert.equal(actionOfKey("S", [card({ state: "unack" })], OFFICER).action.name, "shelve");
  assert.equal(actionOfKey("s", [card({ state: "shelved", suppression: { kind: "shelved" } })], OFFICER).action.name, "unshelve");
  assert.equal(actionOfKey("y", [card({ state: "unack" })], OFFICER), null);
});

test("one key takes out of service and brings back, another stops by law and resumes", () => {
  const quiet = (kind, state) => card({ state, suppression: { kind, until: at(50), by: "周立新", reason: "检修" } });
  const open = card({ state: "unack" });
  assert.deepEqual(["o", "l"].map((key) => actionOfKey(key, [open], OFFICER).action.name), ["take_out_of_service", "stop_by_law"]);
  assert.equal(actionOfKey("o", [quiet("out_of_service", "out_of_service")], OFFICER).action.name, "return_to_service");
  assert.equal(actionOfKey("l", [quiet("by_design", "suppressed")], OFFICER).action.name, "resume_by_law");
  assert.equal(actionOfKey("o", [quiet("by_design", "suppressed")], OFFICER), null);
  assert.equal(actionOfKey("o", [half()], OFFICER), null);
  assert.equal(actionOfKey("o", [half()], LEADER).action.name, "take_out_of_service");
});

test("whatever is put aside stands in one view and says until when", () => {
  const kinds = [["shelved", "shelved"], ["by_design", "suppressed"], ["out_of_service", "out_of_service"]];
  const cards = kinds.map(([kind, state], id) => card({ id, state, suppression: { kind, until: at(50), by: "", reason: "" } }));
  assert.equal(viewCounts(cards, { me: OFFICER, nowMs: null }).shelved, 3);
  assert.deepEqual(cards.map((one) => stateWords(one, null, (key) => key)), ["desk.state.shelved", "desk.state.by_design", "desk.state.out_of_service"]);
});

test("of several marked cards a bulk command takes those it fits, any other the first", () => {
  const cards = [card({ id: 1, state: "acked" }), card({ id: 2, state: "unack" }), card({ id: 3, state: "unack" })];
  const action = (name) => ACTIONS.find((one) => one.name === name);

  assert.deepEqual(ids(fitting(action("acknowledge"), cards, OFFICER)), [2, 3]);
  assert.deepEqual(ids(fitting(action("escalate"), cards, OFFICER)), [1]);
});

test("a command carries the noted revisions and the fields that were filled in", () => {
  const shelve = ACTIONS.find(({ name }) => name === "shelve");

  assert.deepEqual(commandOf(shelve, [{ id: 1, rev: 4 }], { reason: "抢修", until: "60", comment: "x" }),
    { type: "shelve", cards: [{ id: 1, rev: 4 }], reason: "抢修", until: "60" });
  assert.deepEqual(lacking(shelve, { reason: " ", until: "60" }), ["reason"]);
  assert.deepEqual(lacking(ISSUE, { level: "red", org: "", title: "", text: "x" }), ["org", "title"]);
  assert.deepEqual(lacking(ISSUE, { level: "red", org: "A", title: "x" }), []);
});

// Floods ------------------------------------------------------------------------------------------------------------

const flooding = () => [...Array.from({ length: 9 }, (_, n) => card({ id: n + 1, org: "A", item: "i", raised_at: at(n) })),
  card({ id: 20, org: "B", item: "k", raised_at: at(3) }), card({ id: 21, org: "B", item: "k", raised_at: at(4) })];

const TEN_IN_TEN = { cards: 10, minutes: 10 };

test("more than ten in ten minutes are a flood, gathered by department and item; ten are not", () => {
  const now = Date.parse(at(9));

  assert.deepEqual(floodOf(flooding(), now, TEN_IN_TEN).groups.map(({ key, cards }) => [key, cards.length]), [["A/i", 9]]);
  assert.equal(floodOf(flooding(), now, TEN_IN_TEN).count, 11);
  assert.equal(floodOf(flooding().slice(1), now, TEN_IN_TEN).count, 0);
  assert.equal(floodOf(flooding(), Date.parse(at(30)), TEN_IN_TEN).count, 0);
});

test("how many in how many minutes are a flood is what the server says", () => {
  const now = Date.parse(at(9));

  assert.equal(floodOf(flooding(), now, { cards: 11, minutes: 10 }).count, 0);
  assert.equal(floodOf(flooding(), now, { cards: 3, minutes: 5 }).count, 4);
  assert.equal(floodOf(flooding(), Date.parse(at(30)), { cards: 10, minutes: 60 }).count, 11);
});

test("what the server marked as a flood is gathered by department and item with what came before it", () => {
  const cards = flooding().map((one, place) => (place > 5 ? { ...one, flood: "f7" } : one));

  assert.deepEqual(floodOf(cards, Date.parse(at(9)), TEN_IN_TEN).groups.map(({ key, cards: found }) => [key, found.length]), [["A/i", 9]]);
});

test("a folded group stands as its most urgent card and drops nothing; opened, all stand", () => {
  const cards = flooding();
  const { groups } = floodOf(cards, Date.parse(at(9)), TEN_IN_TEN);
  const shut = folded(cards, groups, new Set());

  assert.deepEqual(ids(shut.cards), [1, 20, 21]);
  assert.equal(shut.folds.get(1).length, 9);
  assert.equal(folded(cards, groups, new Set(["A/i"])).cards.length, cards.length);
  assert.equal(groupOf(cards[4], groups).key, "A/i");
  assert.equal(groupOf(cards[9], groups), null);
});

// Memory ------------------------------------------------------------------------------------------------------------

test("a desk remembers its place over a reload, and works where nothing can be kept", () => {
  const kept = new Map();
  const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => kept.set(name, text) };
  deskMemory(storage).keep({ filter: { view: "waiting" }, selected: 7, checked: new Set([7, 8]), opened: new Set(["A/i"]), auto: false });

  assert.deepEqual(deskMemory(storage).read(), { filter: { view: "waiting" }, selected: 7, auto: false, checked: [7, 8], opened: ["A/i"] });
  assert.deepEqual(deskMemory(null).read(), {});
  assert.deepEqual(deskMemory({ getItem: () => "{broken" }).read(), {});
});

test("the address may name the card to stand on", () => {
  assert.equal(askedCard("?card=17"), 17);
  assert.equal(askedCard("?card=x"), null);
  assert.equal(askedCard(""), null);
});

test("an order goes to the orders under one number, again until it is answered, and answers like a command", async () => {
  const asked = [];
  const answers = [null, { ok: false, status: 503, json: async () => ({ code: "overloaded" }) }, { ok: true, status: 201, json: async () => ({ id: 4 }) }];
  const order = orderer({ ask: async (address, sent) => { asked.push([address, sent]); const answer = answers.shift(); if (!answer) throw new Error("away"); return answer; },
    csrf: () => "token", wait: async () => {}, newId: () => "o-1" });
  const answer = await order({ type: "dispatch", cards: [{ id: 7, rev: 3 }], reason: "限期整改", reply_limit: "3wd" });

  assert.deepEqual(answer, { ok: true, results: [{ id: 7, ok: true }] });
  assert.equal(new Set(asked.map(([address, sent]) => address + sent.body)).size, 1);
  assert.equal(asked[0][0], "/api/v1/orders");
  assert.equal(asked[0][1].headers["X-CSRFToken"], "token");
  assert.deepEqual(JSON.parse(asked[0][1].body), { kind: "order", command_id: "o-1", cards: [{ id: 7, rev: 3 }], demand: "限期整改", reply_limit: "3wd" });
});

test("an order that is refused says why in the server's words", async () => {
  const order = orderer({ ask: async () => ({ ok: false, status: 409, json: async () => ({ code: "card_changed", detail: "牌已变化" }) }),
    csrf: () => "", wait: async () => {}, newId: () => "o-2" });

  assert.deepEqual(await order({ cards: [{ id: 7, rev: 3 }], reason: "x", reply_limit: "3wd" }), { ok: false, error: "card_changed", message: "牌已变化", results: [] });
});

test("a card without an item is called by its rule, so that no row is without a name", () => {
  assert.equal(nameOf(card()), "商品房预售许可");
  assert.equal(nameOf(card({ item_name: "", rule: "投诉办理时限" })), "投诉办理时限");
});
