import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../assets/js/modules/camera_lock.mjs";

/** As much of a page as the lock touches; `turn` shows or hides that a camera is being tried. */
function page() {
  const [body, button, list, form] = [{}, {}, {}, {}];
  const trying = { hidden: true };
  button.focus = () => { document.activeElement = button; };
  const document = { body, activeElement: button, getElementById: () => trying, querySelectorAll: () => [list, form] };
  const told = [];
  const timers = [];
  let changed = null;
  mount(document, { t: (name) => name, waitMs: 40_000, watch: (_node, turn) => { changed = turn; },
    after: (call, ms) => timers.push({ call, ms }), cancel: (number) => { timers[number - 1] = null; }, tell: (id, props) => told.push([id, props]) });
  const turn = (isTrying) => { trying.hidden = !isTrying; changed(); };
  return { document, button, parts: [list, form], told, timers, turn, isLocked: () => [list, form].map((part) => part.inert === true) };
}

test("nothing of the page is to be used while a camera is tried, and the focus comes back", () => {
  const { document, button, turn, isLocked, timers } = page();
  assert.deepEqual(isLocked(), [false, false]);
  turn(true);
  assert.deepEqual(isLocked(), [true, true]);
  document.activeElement = document.body; // what is inert loses the focus
  turn(false);
  assert.deepEqual([isLocked(), document.activeElement, timers], [[false, false], button, [null]]);
});

test("an answer that never comes gives the page back and says so", () => {
  const { turn, timers, told, isLocked } = page();
  turn(true);
  turn(true);
  assert.deepEqual(timers.map((one) => one.ms), [40_000]);
  timers[0].call();
  assert.deepEqual(told, [["camera-trying", { hidden: true }], ["camera-said", { children: "camera_page.no_answer" }]]);
  turn(false); // as Dash does with what it is told
  assert.deepEqual(isLocked(), [false, false]);
});
