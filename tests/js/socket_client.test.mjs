import assert from "node:assert/strict";
import { test } from "node:test";

import { initialState } from "../../assets/js/modules/live_state.mjs";
import { connectLive } from "../../assets/js/modules/socket_client.mjs";
import { createStore } from "../../assets/js/modules/store.mjs";
import { card, fakeIo, mockTimeouts, snapshot } from "./factories.mjs";

function joinedScreen() {
  const line = fakeIo();
  const time = { ms: 0 };
  const store = createStore(initialState(), (callback) => callback(), assert.fail);
  const arrived = [];
  const painted = [];
  const live = connectLive({ io: line.io, store, screen: "room-1", now: () => time.ms, afterPaint: (callback) => painted.push(callback),
    heap: () => 42, onArrived: (cards) => arrived.push(...cards) });
  return { ...line, time, store, live, arrived, painted };
}

test("it joins with the position it has, over websocket only, with jittered patience", () => {
  const screen = joinedScreen();
  screen.say("snapshot", snapshot({ as_of_seq: 10 }));
  let credentials = null;
  screen.io.options.auth((sent) => { credentials = sent; });

  assert.deepEqual(credentials, { epoch: "e1", last_seq: 10, build: "0.1.0", screen: "room-1" });
  assert.deepEqual(screen.io.options.transports, ["websocket"]);
  assert.equal(screen.io.options.reconnectionDelay, 300);
  assert.equal(screen.io.options.reconnectionDelayMax, 2000);
  assert.equal(screen.io.options.randomizationFactor, 0.7);
});

test("it says what it has shown, only after the paint", () => {
  const screen = joinedScreen();
  screen.say("snapshot", snapshot({ as_of_seq: 10 }));

  assert.deepEqual(screen.sent, []);

  screen.time.ms = 35;
  screen.painted.shift()();

  assert.deepEqual(screen.sent, [["shown", { seq: 10, latency_ms: 35, heap: 42 }]]);
});

test("a paint that was overtaken by newer events is not reported", () => {
  const screen = joinedScreen();
  screen.say("snapshot", snapshot({ as_of_seq: 10 }));
  screen.say("events", { events: [{ seq: 11, card: card({ id: 1 }) }] });
  for (const paint of screen.painted) paint();

  assert.deepEqual(screen.sent.map(([name, { seq }]) => [name, seq]), [["shown", 11]]);
  assert.deepEqual(screen.arrived.map((one) => one.id), [1]);
});

test("a gap is asked for at once, and then with growing pauses", () => {
  const screen = joinedScreen();
  screen.time.ms = 100;
  screen.say("snapshot", snapshot({ as_of_seq: 10 }));
  const asked = () => screen.sent.filter(([name]) => name === "resync").length;
  const gap = () => screen.say("events", { events: [{ seq: 13, card: card({ id: 3 }) }] });

  gap();
  gap();
  assert.equal(asked(), 1);

  screen.time.ms += 1_000;
  gap();
  screen.time.ms += 1_000;
  gap();
  assert.equal(asked(), 2);

  screen.time.ms += 1_000;
  gap();
  assert.equal(asked(), 3);
  assert.deepEqual(screen.sent[0], ["resync", { last_seq: 10 }]);
});

test("being behind the head for more than two seconds is noticed without any event", () => {
  const screen = joinedScreen();
  screen.say("snapshot", snapshot({ as_of_seq: 10 }));
  screen.say("heartbeat", { head_seq: 12 });
  screen.live.watch();
  screen.time.ms = 1_500;
  screen.live.watch();
  assert.equal(screen.sent.length, 0);

  screen.time.ms = 2_100;
  screen.live.watch();
  assert.deepEqual(screen.sent, [["resync", { last_seq: 10 }]]);
});

test("losing the connection clears nothing, and a server that hung up is called again", () => {
  const screen = joinedScreen();
  screen.say("connect");
  screen.say("snapshot", snapshot({ as_of_seq: 10, cards: [card({ id: 1 })] }));
  screen.say("disconnect", "io server disconnect");

  assert.equal(screen.live.link.connected, false);
  assert.equal(screen.store.get().cards.size, 1);
  assert.equal(screen.socket.reconnects, 1);
});

test("a refusal is remembered until the next connection, which is tried later", (context) => {
  mockTimeouts(context.mock.timers);
  const screen = joinedScreen();
  screen.socket.active = false;
  screen.say("connect_error", { message: "full" });
  assert.equal(screen.live.link.refused, "full");

  context.mock.timers.tick(10_000);
  assert.equal(screen.socket.reconnects, 1);
  screen.say("connect");
  assert.equal(screen.live.link.refused, null);
});

test("a server that is away has refused nobody", () => {
  const screen = joinedScreen();
  screen.say("connect_error", { message: "websocket error" });

  assert.equal(screen.live.link.connected, false);
  assert.equal(screen.live.link.refused, null);
});
