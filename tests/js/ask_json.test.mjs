import assert from "node:assert/strict";
import { test } from "node:test";

import { askJson } from "../../assets/js/modules/ask_json.mjs";

const words = { noAnswer: "没有应答" };
const answering = (status, body) => async () => ({ ok: status < 400, status, json: async () => JSON.parse(body) });

test("an answer is asked for as data, so that whoever has to sign in is told so and not sent a page", async () => {
  const asked = [];
  const ask = async (address, options) => { asked.push([address, options]); return { ok: true, json: async () => ({ n: 1 }) }; };
  assert.deepEqual(await askJson("/a", undefined, { ask, ...words }), { n: 1 });
  assert.deepEqual(await askJson("/b", { x: 2 }, { ask, ...words }), { n: 1 });
  assert.deepEqual(asked, [["/a", { headers: { Accept: "application/json" } }],
    ["/b", { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json" }, body: '{"x":2}' }]]);
});

test("what goes wrong is said in words for people", async () => {
  const said = (ask) => askJson("/a", undefined, { ask, ...words }).then(() => "", (fault) => fault.message);
  assert.equal(await said(answering(403, '{"detail":"无权查看"}')), "无权查看");
  assert.equal(await said(answering(500, "{}")), "500");
  assert.equal(await said(answering(502, "<html>")), "没有应答");
  assert.equal(await said(async () => { throw new TypeError("Failed to fetch"); }), "没有应答");
});
