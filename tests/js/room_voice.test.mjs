/** What the room hears: a new card once, a reminder until somebody signs, a flood in one sentence, silence when asked. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FLOOD_EVERY_MS, TONE_EVERY_MS, hornLevel, next, silentRoom, withNews } from "../../assets/js/modules/room_plan.mjs";
import { addressesOf, soundWords } from "../../assets/js/modules/room_voice.mjs";
import { hornState } from "../../assets/js/modules/horn_button.mjs";
import { card, keys } from "./factories.mjs";

const HERE = { speaks: true, silent: false, busy: false };
const book = (...cards) => new Map(cards.map((one) => [one.id, one]));

function hear(room, cards, nowMs, changes = {}) {
  return next(room, { ...HERE, cards, nowMs, ...changes });
}

test("a new card is said once, the worst first", () => {
  const yellow = card({ id: 1, level: "yellow" });
  const red = card({ id: 2, level: "red" });
  const cards = book(yellow, red);
  let room = withNews(silentRoom(), [yellow, red], 0);
  const first = hear(room, cards, 100);
  const second = hear(first.room, cards, 8_000);
  const third = hear(second.room, cards, 8_500);

  assert.deepEqual([first.sound.id, second.sound.id, third.sound], [2, 1, null]);
});

test("nothing is begun while something is being said", () => {
  const red = card({ level: "red" });
  const room = withNews(silentRoom(), [red], 0);

  assert.equal(hear(room, book(red), 10, { busy: true }).sound, null);
  assert.equal(hear(room, book(red), 20).sound.kind, "card");
});

test("the horn comes back until somebody signs: red every ten seconds, yellow every thirty", () => {
  for (const level of ["red", "yellow"]) {
    const one = card({ level });
    let room = hear(withNews(silentRoom(), [one], 0), book(one), 0).room;
    const heard = [];
    for (let ms = 500; ms <= 60_000; ms += 500) {
      const step = hear(room, book(one), ms);
      room = step.room;
      if (step.sound) heard.push(ms);
    }
    assert.deepEqual(heard, Array.from({ length: 60_000 / TONE_EVERY_MS[level] }, (_, n) => (n + 1) * TONE_EVERY_MS[level]));
    assert.equal(hear(room, book({ ...one, state: "acked" }), 120_000).sound, null);
  }
});

test("a warning, a signed card and a condition that is over make no sound", () => {
  const quiet = [card({ id: 1, level: "warning" }), card({ id: 2, level: "red", state: "acked" }),
    card({ id: 3, level: "red", state: "rtn_unack", condition: false }), card({ id: 4, level: "yellow", state: "shelved" })];
  const room = withNews(silentRoom(), quiet, 0);

  assert.equal(hear(room, book(...quiet), 1_000).sound, null);
  assert.equal(hornLevel(book(...quiet)), null);
});

test("a flood is one sentence, and not another within the minute", () => {
  const many = (from) => Array.from({ length: 15 }, (_, n) => card({ id: from + n, level: n < 5 ? "red" : "yellow" }));
  const first = many(1);
  const second = many(100);
  let step = hear(withNews(silentRoom(), first, 0), book(...first), 500);
  assert.deepEqual(step.sound, { kind: "flood", red: 5, yellow: 10 });

  const all = book(...first, ...second);
  step = hear(withNews(step.room, second, 10_000), all, 10_500);
  assert.equal(step.sound, null);
  step = hear(step.room, all, 500 + FLOOD_EVERY_MS);
  assert.deepEqual(step.sound, { kind: "flood", red: 5, yellow: 10 });
});

test("a screen that is not the voice, and a silenced horn, say nothing and make up for nothing", () => {
  const red = card({ level: "red" });
  for (const changes of [{ speaks: false }, { silent: true }]) {
    const step = hear(withNews(silentRoom(), [red], 0), book(red), 100, changes);
    assert.equal(step.sound, null);
    assert.equal(hear(step.room, book(red), 200).sound.kind, "tone");
  }
});

test("sounds are files of this server: the tone, then the sentence", () => {
  assert.deepEqual(addressesOf({ kind: "card", level: "red", id: 7, rev: 2 }), ["/wall/sound/tone-red.wav", "/wall/sound/card-7-2.wav"]);
  assert.deepEqual(addressesOf({ kind: "flood", red: 0, yellow: 11 }), ["/wall/sound/tone-yellow.wav", "/wall/sound/flood-0-11.wav"]);
  assert.deepEqual(addressesOf({ kind: "tone", level: "yellow" }), ["/wall/sound/tone-yellow.wav"]);
});

test("the badge always says why it is silent", () => {
  const on = { isOn: true, speaks: false, by: "", silentMs: 0, silencedBy: "", isMute: false };

  assert.deepEqual(soundWords({ ...on, isOn: false }, keys), { text: "wall.sound.off", look: "is-off" });
  assert.deepEqual(soundWords({ ...on, silentMs: 61_000, silencedBy: "周立新" }, keys), { text: "wall.sound.silenced|1:01|周立新", look: "is-silenced" });
  assert.equal(soundWords({ ...on, speaks: true }, keys).text, "wall.sound.speaks");
  assert.equal(soundWords({ ...on, speaks: true, isMute: true }, keys).text, "wall.sound.mute_voice");
  assert.equal(soundWords({ ...on, by: "east" }, keys).text, "wall.sound.by|east");
  assert.equal(soundWords(on, keys).text, "wall.sound.nobody");
});

test("the horn button offers silence, and when it is silent says by whom, for how long, and ends it", () => {
  assert.deepEqual(hornState(null, 0, 5, keys), { words: "desk.horn.silence|5", minutes: 5, isSilent: false });
  assert.deepEqual(hornState({ room: "main", by: "周立新" }, 61_000, 5, keys), { words: "desk.horn.silent|1:01|周立新", minutes: 0, isSilent: true });
});
