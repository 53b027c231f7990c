import assert from "node:assert/strict";
import { test } from "node:test";

import { fileProblem, leftWords, may, pressure, sectionOf, sections, sizeWords } from "../../assets/js/modules/unit_view.mjs";
import { upload } from "../../assets/js/modules/upload.mjs";
import { card, keys as t } from "./factories.mjs";

const at = (day) => `2026-03-${String(day).padStart(2, "0")}T09:00:00+08:00`;
const own = (changes) => card({ disposition: "to_sign", appeal: "none", reply_due_at: null, left: null, overdue: false, ...changes });

test("what is owed stands apart from what is decided elsewhere and from what is over", () => {
  assert.equal(sectionOf(own({ reply_due_at: at(20) })), "owed");
  assert.equal(sectionOf(own({})), "open");
  assert.equal(sectionOf(own({ disposition: "replied" })), "waiting");
  assert.equal(sectionOf(own({ appeal: "filed", reply_due_at: at(20) })), "waiting");
  assert.equal(sectionOf(own({ state: "closed" })), "closed");
});

test("what falls due first stands first, the worst of the open first, the last closed first", () => {
  const found = sections([own({ id: 1, reply_due_at: at(20) }), own({ id: 2, reply_due_at: at(18) }), own({ id: 3, level: "yellow" }), own({ id: 4, level: "red" }),
    own({ id: 5, state: "closed", closed_at: at(1) }), own({ id: 6, state: "closed", closed_at: at(2) })]);

  assert.deepEqual([found.owed, found.open, found.closed].map((list) => list.map(({ id }) => id)), [[2, 1], [4, 3], [6, 5]]);
});

test("the time left is told in words and as pressure", () => {
  const words = (left, overdue) => [leftWords(own({ left, overdue }), t), pressure(own({ left, overdue }))];

  assert.deepEqual(words(3, false), ["unit.left.days|3", "far"]);
  assert.deepEqual(words(1, false), ["unit.left.days|1", "soon"]);
  assert.deepEqual(words(0, false), ["unit.left.today", "soon"]);
  assert.deepEqual(words(0, true), ["unit.left.just_over", "over"]);
  assert.deepEqual(words(-2, true), ["unit.left.over|2", "over"]);
  assert.deepEqual(words(null, false), ["", "none"]);
});

test("a department replies once at a time and appeals once", () => {
  assert.deepEqual(may(own({})), { reply: true, appeal: true });
  assert.deepEqual(may(own({ disposition: "replied", appeal: "rejected" })), { reply: false, appeal: false });
  assert.deepEqual(may(own({ state: "closed" })), { reply: false, appeal: false });
});

test("a file is refused in words before it is sent", () => {
  const rules = { types: ["pdf", "jpg"], max_bytes: 1_048_576 };

  assert.equal(fileProblem({ name: "a.PDF", size: 10 }, rules, t), "");
  assert.match(fileProblem({ name: "a.exe", size: 10 }, rules, t), /unit\.file\.type\|a\.exe/);
  assert.match(fileProblem({ name: "ohne", size: 10 }, rules, t), /unit\.file\.type/);
  assert.match(fileProblem({ name: "a.pdf", size: 0 }, rules, t), /unit\.file\.empty/);
  assert.match(fileProblem({ name: "a.pdf", size: 2_000_000 }, rules, t), /unit\.file\.size\|a\.pdf\|1/);
  assert.deepEqual([sizeWords(12), sizeWords(1536), sizeWords(3_145_728)], ["12 B", "1.5 KB", "3.0 MB"]);
});

function fakeRequest(status, text) {
  const request = { headers: {}, upload: {}, open: (...args) => { request.opened = args; }, setRequestHeader: (name, value) => { request.headers[name] = value; },
    send: () => { request.upload.onprogress({ lengthComputable: true, loaded: 1, total: 4 }); Object.assign(request, { status, responseText: text }); request.onload(); } };
  return request;
}

test("a file goes as the whole body under its name, tells its progress and never its type", async () => {
  const request = fakeRequest(200, '{"sha256":"abc"}');
  const seen = [];

  assert.deepEqual(await upload("/x", { name: "整改 1.pdf" }, (share) => seen.push(share), () => request), { sha256: "abc" });
  assert.deepEqual(request.opened, ["POST", "/x?name=%E6%95%B4%E6%94%B9%201.pdf"]);
  assert.equal(request.headers["Content-Type"], "application/octet-stream");
  assert.deepEqual(seen, [0.25]);
});

test("a refused file is told in the server's words, or by its status", async () => {
  await assert.rejects(upload("/x", { name: "a" }, () => {}, () => fakeRequest(413, '{"detail":"超过 10 MB"}')), /超过 10 MB/);
  await assert.rejects(upload("/x", { name: "a" }, () => {}, () => fakeRequest(500, "<html>")), /500/);
});
