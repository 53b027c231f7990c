import assert from "node:assert/strict";
import { test } from "node:test";

import { mount } from "../../assets/js/modules/footage_page.mjs";

/** As much of an element as the page touches, its parts made as they are asked for. */
class Node {
  parts = new Map();
  heard = {};
  fields = [];
  children = [];
  dataset = {};
  style = { setProperty() {} };
  classList = { toggle() {}, contains: () => false };
  value = "";
  hidden = false;
  textContent = "";
  static made = [];

  constructor(tag) { this.tag = tag; Node.made.push(this); }
  querySelector(name) { if (!this.parts.has(name)) this.parts.set(name, new Node(name)); return this.parts.get(name); }
  querySelectorAll() { return []; }
  addEventListener(kind, listener) { this.heard[kind] = listener; }
  append() {} prepend() {} replaceChildren() {} insertBefore() {} setAttribute() {} removeAttribute() {} remove() {} pause() {} load() {}
  contains() { return false; }
  play() { this.isPlaying = true; return Promise.resolve(); }
  reset() { this.fields = []; }
  closest() { return null; }
}

const film = (id) => ({ id, state: "closed", codec: "h264", begin: 0, end: 60_000, real_begin: 0, real_end: 60_000 });
const DAYS = Object.fromEntries(["A", "B"].map((code, at) => [code, { day: "2026-03-16", camera: { code, name: `${code}号窗口`, hall: "", window: "", org_name: "" },
  begin: 0, end: 86_400_000, now: 60_000, offset_min: 480, office: [], segments: [film(at + 1)], presence: [], gaps: [], signals: [], incidents: [], cards: [] }]));

/** The page of a day, whose answers to what is sent come when `answer` is called. */
async function page(search) {
  const sent = [];
  Node.made = [];
  Object.assign(globalThis, { setInterval() {}, location: { search, pathname: "/footage/" }, history: { replaceState() {} }, FormData: class {
    constructor(form) { this.fields = form.fields; }
    get(name) { return this.fields.find(([key]) => key === name)?.[1] ?? null; }
    [Symbol.iterator]() { return this.fields[Symbol.iterator](); }
  }, document: { createElement: (tag) => new Node(tag), addEventListener() {}, activeElement: null } });
  const root = new Node("root");
  root.dataset.config = JSON.stringify({ halls: [], kinds: [], reasons: [], camera: "A", mayMark: true });
  const fetch = (address, { method } = {}) => {
    if (method !== "POST") return Promise.resolve({ ok: true, json: async () => DAYS[new URLSearchParams(address.split("?")[1]).get("camera")] });
    return new Promise((resolve) => sent.push({ address, answer: (told, ok = true) => { resolve({ ok, json: async () => told }); return settled(); } }));
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  mount(root, { t: (name) => name, onFault: (fault) => { throw fault; }, fetch, every() {} });
  await settled();
  const find = (name) => root.querySelector(`[data-part=${name}]`);
  const click = (selector, dataset) => root.heard.click({ preventDefault() {}, target: { closest: (asked) => (asked === selector ? { dataset } : null) } });
  const submit = (name) => find(name).heard.submit({ preventDefault() {} });
  return { find, sent, settled, submit, act: (name) => click("[data-act]", { act: name }), video: Node.made.find((node) => node.tag === "video"),
    choose: async (camera) => { click("[data-camera]", { camera }); await settled(); } };
}

test("the permission for one window is none for the one chosen meanwhile, which can be asked for at once", async () => {
  const { find, sent, submit, choose, video } = await page("?camera=A");
  submit("reason"); submit("reason");
  await choose("B");
  submit("reason");
  assert.equal(sent.length, 2); // one for each window
  await sent[0].answer({ view: "V1", expires_ms: Infinity, viewer: "李敏" });
  assert.deepEqual([find("reason").hidden, video.src, video.isPlaying], [false, undefined, undefined]);
  await sent[1].answer({ view: "V2", expires_ms: Infinity, viewer: "李敏" });
  assert.deepEqual([find("reason").hidden, video.src], [true, "/api/v1/footage/segments/2/film.mp4?view=V2"]);
});

test("an incident that is saved late empties no words for another window", async () => {
  const { find, sent, submit, choose, act } = await page("?camera=A");
  act("begin"); act("end");
  find("form").fields = [["kind", "phone"], ["comment", "看手机"]];
  submit("form");
  await choose("B");
  const next = [["kind", "other"], ["comment", "正在写"]];
  find("form").fields = next;
  await sent[0].answer({ incident: 5, card: null });
  assert.deepEqual([find("form").fields, find("said").textContent], [next, "A号窗口：footage_page.marked"]);
});

test("an incident that is saved empties its form, a refused one keeps it", async () => {
  const { find, sent, submit, act } = await page("?camera=A");
  act("begin"); act("end");
  const words = [["kind", "phone"], ["comment", "看手机"]];
  find("form").fields = words;
  submit("form");
  await sent[0].answer({ detail: "没有权限" }, false);
  assert.deepEqual([find("form").fields, find("said").textContent, find("save").disabled], [words, "没有权限", false]);
  submit("form");
  await sent[1].answer({ incident: 5, card: null });
  assert.deepEqual([find("form").fields, find("said").textContent, find("save").disabled], [[], "footage_page.marked", true]);
});
