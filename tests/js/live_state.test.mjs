import assert from "node:assert/strict";
import { test } from "node:test";

import { applyMessage, byNews, byUrgency, cardsHash, cardsOf, initialState, shortNames, totals } from "../../assets/js/modules/live_state.mjs";
import { card, snapshot } from "./factories.mjs";

const after = (state, kind, message) => applyMessage(state, kind, message).state;
const events = (...pairs) => ({ events: pairs.map(([seq, one]) => ({ seq, card: one })) });
const joined = (...cards) => after(initialState(), "snapshot", snapshot({ as_of_seq: 10, cards }));

test("a snapshot replaces everything and is confirmed", () => {
  const before = joined(card({ id: 1 }));
  const { state, effects } = applyMessage(before, "snapshot", snapshot({ as_of_seq: 40, epoch: "e2", cards: [card({ id: 2 })] }));

  assert.deepEqual([...state.cards.keys()], [2]);
  assert.equal(state.last, 40);
  assert.equal(state.epoch, "e2");
  assert.equal(effects.shown, 40);
});

test("events are applied in order and only the last is confirmed", () => {
  const { state, effects } = applyMessage(joined(), "events", events([11, card({ id: 1 })], [12, card({ id: 2 })]));

  assert.equal(state.last, 12);
  assert.equal(state.cards.size, 2);
  assert.equal(effects.shown, 12);
  assert.equal(effects.resync, false);
});

test("an event that was seen before changes nothing", () => {
  const once = after(joined(), "events", events([11, card({ id: 1 })]));
  const { state, effects } = applyMessage(once, "events", events([10, card({ id: 9 })], [11, card({ id: 1, rev: 5 })]));

  assert.equal(state, once);
  assert.equal(effects.shown, null);
});

test("a gap stops at the last whole event and asks for what is missing", () => {
  const { state, effects } = applyMessage(joined(), "events", events([11, card({ id: 1 })], [13, card({ id: 3 })]));

  assert.equal(state.last, 11);
  assert.deepEqual([...state.cards.keys()], [1]);
  assert.equal(effects.resync, true);
});

test("events before any snapshot are not shown but asked for", () => {
  const { state, effects } = applyMessage(initialState(), "events", events([1, card({ id: 1 })]));

  assert.equal(state.cards.size, 0);
  assert.equal(effects.resync, true);
});

test("an older revision of a card never replaces a newer one", () => {
  const state = after(joined(card({ id: 1, rev: 3, state: "acked" })), "events", events([11, card({ id: 1, rev: 2 })]));

  assert.equal(state.cards.get(1).state, "acked");
  assert.equal(state.last, 11);
});

test("a closed card leaves the wall", () => {
  const state = after(joined(card({ id: 1 })), "events", events([11, card({ id: 1, rev: 2, state: "closed" })]));

  assert.equal(state.cards.size, 0);
});

test("a message never changes the state it was given", () => {
  const before = joined(card({ id: 1 }));
  after(before, "events", events([11, card({ id: 1, rev: 2, state: "closed" })]));

  assert.equal(before.cards.size, 1);
  assert.equal(before.last, 10);
});

test("new and worsened cards arrive; an acknowledgement does not", () => {
  const before = joined(card({ id: 1, level: "yellow" }), card({ id: 2 }));
  const { effects } = applyMessage(before, "events", events(
    [11, card({ id: 1, rev: 2, level: "red" })], [12, card({ id: 2, rev: 2, state: "acked" })], [13, card({ id: 3 })]));

  assert.deepEqual(effects.arrived.map((one) => one.id), [1, 3]);
});

test("snapshot and pushed events lead to the same state as a fresh snapshot", () => {
  const moved = after(joined(card({ id: 1 }), card({ id: 2 })), "events",
    events([11, card({ id: 2, rev: 2, state: "closed" })], [12, card({ id: 3 })], [13, card({ id: 1, rev: 2, state: "acked" })]));
  const fresh = after(initialState(), "snapshot",
    snapshot({ as_of_seq: 13, cards: [card({ id: 1, rev: 2, state: "acked" }), card({ id: 3 })] }));

  assert.deepEqual([...moved.cards].sort(), [...fresh.cards].sort());
  assert.equal(moved.last, fresh.last);
});

test("a gauge replaces only what it carries", () => {
  const state = after(joined(card({ id: 1 })), "gauge", { server_time: "2026-03-16T09:00:00+08:00", figures: { open: 7 } });

  assert.equal(state.figures.open, 7);
  assert.equal(state.cards.size, 1);
  assert.equal(state.duty.name, "周立新");
});

test("a heartbeat whose fingerprint differs at the same position asks for the truth", () => {
  const state = joined(card({ id: 1 }));

  assert.equal(applyMessage(state, "heartbeat", { head_seq: 10, hash: 1 }).effects.resync, true);
  assert.equal(applyMessage(state, "heartbeat", { head_seq: 10, hash: cardsHash(state.cards.values()) }).effects.resync, false);
  assert.equal(applyMessage(state, "heartbeat", { head_seq: 11, hash: 1 }).effects.resync, false);
});

test("an unknown message changes nothing", () => {
  const state = joined();

  assert.equal(after(state, "weather", { rain: true }), state);
  assert.equal(after(state, "events", null), state);
});

test("the fingerprint is the sum the server computes and does not depend on order", () => {
  const cards = [card({ id: 1, rev: 1 }), card({ id: 123456, rev: 7 }), card({ id: 4294967, rev: 900 })];

  // (1·2654435761 + 40503) + (123456·2654435761 + 7·40503) + (4294967·2654435761 + 900·40503), modulo 2^32
  const expected = cards.reduce((sum, { id, rev }) =>
    (sum + BigInt(id) * 2654435761n + BigInt(rev) * 40503n) % 4294967296n, 0n);
  assert.equal(BigInt(cardsHash(cards)), expected);
  assert.equal(cardsHash([...cards].reverse()), cardsHash(cards));
  assert.equal(cardsHash([]), 0);
});

test("the columns show the oldest unacknowledged first, the queue the newest and worst", () => {
  const old = card({ id: 1, level: "yellow", level_at: "2026-03-16T08:00:00+08:00" });
  const fresh = card({ id: 2, level: "red", level_at: "2026-03-16T09:00:00+08:00" });
  const signed = card({ id: 3, level: "red", state: "acked", level_at: "2026-03-15T09:00:00+08:00" });

  assert.deepEqual([signed, fresh, old].sort(byUrgency).map((one) => one.id), [1, 2, 3]);
  assert.deepEqual([signed, old, fresh].sort(byNews).map((one) => one.id), [2, 1, 3]);
  assert.deepEqual(cardsOf(joined(old, fresh, signed), "red").map((one) => one.id), [2, 3]);
});

test("the wall prints the short name of the board, else the name on the card", () => {
  const short = shortNames({ board: { rows: [{ org: "zhujian", short: "市住建局" }] } });

  assert.equal(short(card({ org: "zhujian" })), "市住建局");
  assert.equal(short(card({ org: "else", org_name: "市外事办公室" })), "市外事办公室");
});

test("numbers are counted from the cards that are shown, not from an older heartbeat", () => {
  const state = after(joined(card({ id: 1 }), card({ id: 2, level: "red", state: "acked" })), "events", events([11, card({ id: 3 })]));

  assert.deepEqual(totals(state), { warning: 0, yellow: 2, red: 1, unack: 2, oldest_unack_at: Date.parse("2026-03-16T08:30:00+08:00") });
});

test("when the server sent only part of very many cards, its counts are shown and fingerprints are not compared", () => {
  const counts = { warning: 0, yellow: 900, red: 40, unack: 700, oldest_unack_at: null };
  const state = after(initialState(), "snapshot", snapshot({ as_of_seq: 10, cards: [card({ id: 1 })], counts }));

  assert.deepEqual([totals(state).yellow, totals(state).unack], [900, 700]);
  assert.equal(applyMessage(state, "heartbeat", { head_seq: 10, hash: 1 }).effects.resync, false);
});

test("cards and alarms speak the language of the page, where they have its words", () => {
  const told = { words: { en: { rule: "Promised limit", late_text: "Past the promised limit" } } };
  const alarm = { code: "job_failed", text: "任务失败", words: { en: { text: "A job failed" } } };
  const message = snapshot({ as_of_seq: 10, cards: [card({ id: 1, ...told }), card({ id: 2 })], alarms: [alarm] });
  const english = after(after(initialState({}, "en"), "snapshot", message), "events", events([11, card({ id: 3, ...told })]));

  assert.deepEqual([1, 2, 3].map((id) => english.cards.get(id).late_text),
    ["Past the promised limit", card().late_text, "Past the promised limit"]);
  assert.equal(english.alarms[0].text, "A job failed");
  const chinese = after(initialState({}, "zh"), "snapshot", message);
  assert.equal(chinese.cards.get(1).late_text, card().late_text);
  assert.equal(chinese.alarms[0].text, "任务失败");
});
