import assert from "node:assert/strict";
import { test } from "node:test";

import { mount, withLanguageOf } from "../../assets/js/modules/language_link.mjs";

test("the other language is asked for at the address one is at", () => {
  assert.equal(withLanguageOf("?lang=en", ""), "?lang=en");
  assert.equal(withLanguageOf("?lang=en", "?record=17&before=40"), "?record=17&before=40&lang=en");
  assert.equal(withLanguageOf("?lang=zh", "?lang=en&q=XY-1"), "?lang=zh&q=XY-1");
});

test("the address is looked at when the link is followed, for pages change it", () => {
  const place = { search: "" };
  let follow = null;
  const link = { href: "?lang=en", getAttribute: () => link.href, addEventListener: (name, act) => { assert.equal(name, "click"); follow = act; } };
  mount(link, place);
  place.search = "?clock=promised-0";
  follow();
  assert.equal(link.href, "?clock=promised-0&lang=en");
});
