import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../assets/js/modules/signal_keys.mjs";

/** As much of a page as the keys touch. */
function page({ lines = 3, here = 0, reason = "", hidden = false } = {}) {
  const clicked = [];
  const heard = {};
  const button = (id) => ({ id, value: reason, closest: () => (hidden ? {} : null), click: () => clicked.push(id), focus: () => clicked.push(`focus ${id}`) });
  const line = (at) => ({ classList: { contains: () => at === here }, click: () => clicked.push(at), scrollIntoView() {} });
  const document = {
    querySelectorAll: () => Array.from({ length: lines }, (_, at) => line(at)),
    getElementById: button,
    addEventListener: (kind, listener) => { heard[kind] = listener; },
    removeEventListener: (kind) => { delete heard[kind]; },
  };
  const leave = mount(document);
  const press = (key, target = { closest: () => null }, more = {}) => heard.keydown?.({ key, target, preventDefault() {}, ...more });
  return { clicked, press, leave };
}

test("j and k choose the neighbour and stop at the ends", () => {
  const middle = page({ here: 1 });
  middle.press("j"); middle.press("k");
  assert.deepEqual(middle.clicked, [2, 0]);
  const last = page({ here: 2 });
  last.press("ArrowDown");
  assert.deepEqual(last.clicked, [2]);
  const empty = page({ lines: 0 });
  empty.press("j");
  assert.deepEqual(empty.clicked, []);
});

test("Enter confirms; x asks for the reason first and rejects when there is one", () => {
  const confirming = page();
  confirming.press("Enter");
  assert.deepEqual(confirming.clicked, ["signal-confirm"]);
  const without = page();
  without.press("X");
  assert.deepEqual(without.clicked, ["focus signal-reason"]);
  const reasoned = page({ reason: "在柜台另一侧" });
  reasoned.press("x");
  assert.deepEqual(reasoned.clicked, ["signal-reject"]);
});

test("nothing is decided while one types, with a modifier, or where nothing is offered", () => {
  const typing = page();
  const field = { closest: (what) => (what.startsWith("input") ? {} : null), blur() {} };
  typing.press("Enter", field); typing.press("x", field);
  typing.press("x", undefined, { ctrlKey: true });
  assert.deepEqual(typing.clicked, []);
  const hidden = page({ hidden: true, reason: "x" });
  hidden.press("Enter"); hidden.press("x");
  assert.deepEqual(hidden.clicked, []);
});

test("a page that is left hears no key", () => {
  const left = page();
  left.leave();
  left.press("j");
  assert.deepEqual(left.clicked, []);
});
