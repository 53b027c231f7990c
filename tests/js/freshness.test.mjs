import assert from "node:assert/strict";
import { test } from "node:test";

import { behindFor, freshness } from "../../assets/js/modules/freshness.mjs";
import { isLife, newClock, observe, read } from "../../assets/js/modules/server_clock.mjs";

const link = (changes) => freshness({ connected: true, loaded: true, lastHeardMs: 0, nowMs: 1_000, ...changes });

test("data is live while the server is heard, late after a missed heartbeat, stale after twelve seconds", () => {
  assert.equal(link({}), "live");
  assert.equal(link({ nowMs: 7_000 }), "late");
  assert.equal(link({ nowMs: 11_999 }), "late");
  assert.equal(link({ nowMs: 12_000 }), "stale");
  assert.equal(link({ nowMs: 20_000, staleAfterMs: 30_000 }), "late");
});

test("a lost connection says so at once and is stale after twelve seconds like any other silence", () => {
  assert.equal(link({ connected: false }), "reconnecting");
  assert.equal(link({ connected: false, nowMs: 12_000 }), "stale");
});

test("before the first snapshot nothing is claimed", () => {
  assert.equal(link({ loaded: false }), "connecting");
  assert.equal(link({ lastHeardMs: null }), "connecting");
});

test("being behind is counted from when it began", () => {
  assert.equal(behindFor(null, { headSeq: 5, last: 5 }, 100), null);
  assert.equal(behindFor(null, { headSeq: 6, last: 5 }, 100), 100);
  assert.equal(behindFor(100, { headSeq: 6, last: 5 }, 900), 100);
  assert.equal(behindFor(100, { headSeq: 6, last: 6 }, 900), null);
});

test("a clock at the speed of life runs on between two messages", () => {
  const clock = observe(newClock(), 1_000_000, 0);

  assert.equal(read(clock, 2_500), 1_002_500);
  assert.equal(read(newClock(), 2_500), null);
});

test("a clock that runs faster shows what it last heard and does not guess", () => {
  let clock = observe(newClock(), 0, 0);
  for (let ms = 500; ms <= 5_000; ms += 500) clock = observe(clock, ms * 240, ms);

  assert.equal(isLife(clock), false);
  assert.equal(read(clock, 5_900), 5_000 * 240);
});

test("network jitter does not make a clock look fast", () => {
  let clock = observe(newClock(), 0, 300);
  for (let ms = 500; ms <= 20_000; ms += 500) clock = observe(clock, ms, ms + (ms % 1_000 ? 150 : 0));

  assert.equal(isLife(clock), true);
});

test("a page that was busy while it loaded does not take the late messages for a fast clock", () => {
  let clock = observe(newClock(), 0, 4_000);
  for (let ms = 500; ms <= 12_000; ms += 500) clock = observe(clock, ms, Math.max(4_000, ms) + 10);

  assert.equal(isLife(clock), true);
});
