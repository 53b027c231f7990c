import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../assets/js/modules/amiss_field.mjs";

test("the first field with an error is brought into sight when the page says something, and nothing moves without one", () => {
  let notice = null;
  const watched = [];
  class Observer {
    constructor(act) { notice = act; }
    observe(place) { watched.push(place); }
  }
  const shown = [];
  const place = (textContent) => ({ textContent, scrollIntoView: () => shown.push(textContent) });
  let places = [place(""), place(" ")];
  mount({ querySelectorAll: (selector) => (selector.startsWith("#") ? ["said"] : places) }, Observer, (act) => act());

  notice();
  assert.deepEqual(shown, []);
  places = [place(""), place("请填写金额"), place("请填写名称")];
  notice();
  assert.deepEqual([shown, watched], [["请填写金额"], ["said"]]);
});
