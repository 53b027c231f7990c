import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../assets/js/modules/unsaved_guard.mjs";

test("a page is left without a question only where nothing is marked as not saved", () => {
  let mark = null;
  let leave = null;
  mount({ querySelector: () => mark }, { addEventListener: (name, act) => { assert.equal(name, "beforeunload"); leave = act; } });
  const asked = [null, { textContent: "" }, { textContent: "未提交：2 处改动" }].map((now) => {
    mark = now;
    let isAsked = false;
    leave({ preventDefault: () => { isAsked = true; } });
    return isAsked;
  });
  assert.deepEqual(asked, [false, false, true]);
});
