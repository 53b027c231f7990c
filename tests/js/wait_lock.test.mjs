import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../assets/js/modules/wait_lock.mjs";

/** As much of a page as the lock touches; `turn` shows or hides that the page waits. */
function page() {
  const [body, button, list, form] = [{}, {}, {}, {}];
  const waits = JSON.stringify({ said: "window-said", words: "no answer", ms: 30_000, holds: ["window-file"] });
  const waiting = { id: "window-filing", hidden: true, dataset: { waits } };
  button.focus = () => { document.activeElement = button; };
  const document = { body, activeElement: button, querySelectorAll: () => [list, form] };
  const told = [];
  const timers = [];
  let changed = null;
  mount(waiting, { page: document, watch: (_node, turn) => { changed = turn; }, after: (call, ms) => timers.push({ call, ms }),
    cancel: (number) => { timers[number - 1] = null; }, tell: (id, props) => told.push([id, props]) });
  const turn = (isWaiting) => { waiting.hidden = !isWaiting; changed(); };
  return { document, button, told, timers, turn, isLocked: () => [list, form].map((part) => part.inert === true) };
}

test("nothing of the page is to be used while it waits, and the focus comes back", () => {
  const { document, button, turn, isLocked, timers } = page();
  assert.deepEqual(isLocked(), [false, false]);
  turn(true);
  assert.deepEqual(isLocked(), [true, true]);
  document.activeElement = document.body; // what is inert loses the focus
  turn(false);
  assert.deepEqual([isLocked(), document.activeElement, timers], [[false, false], button, [null]]);
});

test("an answer that never comes gives the page and its buttons back and says so", () => {
  const { turn, timers, told, isLocked } = page();
  turn(true);
  turn(true);
  assert.deepEqual(timers.map((one) => one.ms), [30_000]);
  timers[0].call();
  assert.deepEqual(told, [["window-file", { disabled: false }], ["window-filing", { hidden: true }], ["window-said", { children: "no answer" }]]);
  turn(false); // as Dash does with what it is told
  assert.deepEqual(isLocked(), [false, false]);
});
