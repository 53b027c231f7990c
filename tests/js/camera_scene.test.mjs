import assert from "node:assert/strict";
import { test } from "node:test";

import { afterTold, areasOf, asStored, crosses, freshArea, moved, nearestSide, stepOf, withCorner, withoutCorner } from "../../assets/js/modules/areas.mjs";
import { ticketsOf } from "../../assets/js/modules/live_tickets.mjs";
import { addressOf, afterKey, becauseOf, jumpTo, layoutOf, onSiteCard, pagesOf, reasonIn, sceneOf, turned } from "../../assets/js/modules/scene_rules.mjs";

const camera = (n, hall = "A") => ({ code: `c${n}`, hall, stream: "sub" });
const twenty = Array.from({ length: 20 }, (_, n) => camera(n, n < 12 ? "A" : "B"));
const on = (more = {}) => ({ ...sceneOf("?scene=cameras&tiles=9"), ...more });
const told = { cameras: twenty, halls: ["A", "B"] };

// --- the scene -----------------------------------------------------------------------------------------------------------

test("the address says which scene, and comes back to it", () => {
  const scene = sceneOf("?screen=x&scene=cameras&tiles=16&hall=%E5%A4%A7%E5%8E%85&rotate=20");
  assert.deepEqual([scene.isOn, scene.tiles, scene.hall, scene.rotateMs], [true, 16, "大厅", 20_000]);
  assert.equal(addressOf({ ...scene, focus: "c1" }, "?screen=x&rotate=20"), `?screen=x&rotate=20&scene=cameras&tiles=16&hall=${encodeURIComponent("大厅")}&camera=c1`);
  assert.equal(addressOf({ ...scene, isOn: false }, "?screen=x&scene=cameras&card=3&reason=wall"), "?screen=x");
  assert.equal(sceneOf("").isOn, false);
});

test("what an address cannot mean is nine tiles and nothing else", () => {
  for (const search of ["?tiles=5", "?tiles=1e9", "?tiles=<script>", "?tiles=-1"]) assert.equal(sceneOf(search).tiles, 9);
  assert.equal(sceneOf("?rotate=1").rotateMs, 0);
  assert.equal(sceneOf("?card=1;drop").card, "");
  assert.deepEqual([sceneOf("?scene=cameras&card=17").reason, sceneOf("?reason=wall").reason], ["card", "wall"]);
});

test("1, 4, 9 and 16 tiles are squares of sub streams; a single one is the main stream", () => {
  for (const tiles of [1, 4, 9, 16]) {
    const { columns, rows, cells } = layoutOf(on({ tiles }), twenty);
    assert.equal(columns * rows, tiles);
    assert.equal(cells.length, tiles);
    assert.equal(cells[0].stream, tiles === 1 ? "main" : "sub");
  }
  assert.equal(pagesOf(on(), twenty), 3);
  assert.deepEqual(layoutOf(on({ page: 2 }), twenty).cells.map((cell) => cell.camera.code), ["c18", "c19"]);
});

test("the one in focus is large and the main stream, the others stay small and sub", () => {
  for (const [tiles, shown, hidden] of [[1, 1, 0], [4, 4, 0], [9, 9, 0], [16, 10, 6]]) {
    const layout = layoutOf(on({ tiles, focus: "c0" }), twenty);
    assert.deepEqual([layout.cells.length, layout.hidden], [shown, hidden], `${tiles}`);
    assert.deepEqual([layout.cells[0].camera.code, layout.cells[0].stream], ["c0", "main"]);
    assert.ok(layout.cells.slice(1).every((cell) => cell.stream === "sub" && cell.span === 1));
    assert.ok(layout.cells[0].span ** 2 + layout.cells.length - 1 <= layout.columns * layout.rows);
  }
  assert.deepEqual(layoutOf(on({ focus: "gone" }), twenty).cells.length, 9);
});

test("keys lead everywhere and back", () => {
  let scene = on();
  const press = (key) => { scene = afterKey(scene, key, told); return scene; };
  assert.equal(press("0").tiles, 16);
  assert.equal(press("4").tiles, 4);
  assert.equal(press("ArrowLeft").page, 4);
  assert.equal(press("PageDown").page, 0);
  assert.equal(press("h").hall, "A");
  assert.equal(press("H").hall, "B");
  assert.equal(press("H").hall, "");
  scene = { ...scene, focus: "c3" };
  assert.deepEqual([press("ArrowRight").focus, scene.page], ["c4", 1]);
  assert.equal(press("Escape").focus, "");
  assert.equal(press("x"), scene);
  assert.equal(press("Escape").isOn, false);
  const board = scene;
  assert.equal(press("9"), board);
  assert.equal(press("v").isOn, true);
});

test("without cameras every key still means what it meant", () => {
  const none = { cameras: [], halls: [] };
  for (const key of ["ArrowRight", "h", "9", "Escape", "v"]) afterKey(on(), key, none);
  assert.equal(turned(on({ focus: "c1" }), [], 1).focus, "c1");
  assert.deepEqual(layoutOf(on(), []).cells, []);
});

test("the newest on-site card leads to its window", () => {
  const cards = new Map([[1, { id: 1, camera: "c1", state: "unack" }], [3, { id: 3, camera: "", state: "unack" }], [2, { id: 2, camera: "c2", state: "acked" }]]);
  assert.equal(onSiteCard(cards).camera, "c2");
  assert.equal(onSiteCard(new Map()), null);
});

test("a card is the reason for a look at its window only", () => {
  const patrol = { reason: "patrol", note: "" };
  const first = becauseOf({ id: 17, camera: "c1" }, patrol);
  assert.deepEqual([first.reason, first.note], ["card", "17"]);
  assert.equal(becauseOf({ id: 17, camera: "c1" }, first), first);
  const second = becauseOf({ id: 18, camera: "c2" }, first);
  assert.equal(reasonIn(on({ focus: "c2" }), second), second);
  assert.equal(reasonIn(on({ focus: "c1" }), second), patrol);
  assert.equal(reasonIn(on(), becauseOf({ id: 17, camera: "c1" }, null)), null);
  assert.equal(reasonIn(on({ focus: "c9" }), patrol), patrol);
  assert.equal(addressOf(on({ card: "" }), "?card=17"), "?scene=cameras&tiles=9");
  assert.equal(addressOf(on({ card: "17" }), "?card=17"), "?card=17&scene=cameras&tiles=9");
});

test("a jump to the window of another card stands in the address, so that a reload looks because of that one", () => {
  const first = sceneOf("?scene=cameras&tiles=9&camera=c1&card=17");
  const second = jumpTo(first, { id: 18, camera: "c2" }, { isPerson: true });
  const address = addressOf(second, "?scene=cameras&tiles=9&camera=c1&card=17");
  assert.deepEqual([sceneOf(address).card, sceneOf(address).focus, sceneOf(address).reason], ["18", "c2", "card"]);
  assert.equal(sceneOf(addressOf(jumpTo(on(), { id: 18, camera: "c2" }, { isPerson: true }), "?scene=cameras")).card, "18");
  assert.equal(jumpTo(on(), { id: 18, camera: "c2" }, { isPerson: false }).card, "");
});

// --- tickets -------------------------------------------------------------------------------------------------------------

function desk() {
  const asked = [];
  const clock = { ms: 0 };
  let codes = ["a", "b"];
  const tickets = ticketsOf({ reason: "wall", cameras: () => codes, now: () => clock.ms,
    ask: async (wish) => { asked.push(wish); return { address: "ws://x", ticket: `T${asked.length}`, expires_ms: clock.ms + 600_000, viewer: "墙" }; } });
  return { tickets, asked, clock, show: (next) => { codes = next; } };
}

test("nine tiles that start together ask for one ticket", async () => {
  const { tickets, asked } = desk();
  const given = await Promise.all(Array.from({ length: 9 }, () => tickets.get()));
  assert.deepEqual([asked.length, new Set(given.map((one) => one.ticket)).size], [1, 1]);
  assert.deepEqual(asked[0], { cameras: ["a", "b"], reason: "wall", note: "" });
});

test("a ticket is asked for anew when it is old, refused, or names too few", async () => {
  const { tickets, asked, clock, show } = desk();
  await tickets.get();
  clock.ms = 500_000;
  await tickets.get();
  assert.equal(asked.length, 1);
  clock.ms = 541_000;
  await tickets.get();
  assert.equal(asked.length, 2);
  await tickets.get(true);
  show(["a", "b", "c"]);
  await tickets.get();
  assert.equal(asked.length, 4);
});

test("a refusal is not kept", async () => {
  let times = 0;
  const tickets = ticketsOf({ reason: "wall", cameras: () => ["a"], ask: async () => { times += 1; if (times === 1) throw new Error("no"); return { expires_ms: Infinity, ticket: "T", viewer: "" }; } });
  await assert.rejects(tickets.get());
  assert.equal((await tickets.get()).ticket, "T");
});

// --- areas ---------------------------------------------------------------------------------------------------------------

const SQUARE = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]];

test("corners move within the picture only", () => {
  assert.deepEqual(moved(SQUARE, 0, [-1, 0.33333333])[0], [0, 0.3333]);
  assert.deepEqual(moved(SQUARE, 1, [1.5, 0.5])[1], [1, 0.5]);
});

test("an area keeps three to sixteen corners", () => {
  let corners = SQUARE;
  for (let n = 0; n < 30; n += 1) corners = withCorner(corners, 0);
  assert.equal(corners.length, 16);
  for (let n = 0; n < 30; n += 1) corners = withoutCorner(corners, 0);
  assert.equal(corners.length, 3);
  assert.deepEqual(withCorner(SQUARE, 3)[4], [0.2, 0.4]);
});

test("a new corner belongs to the nearest side", () => {
  assert.equal(nearestSide(SQUARE, [0.4, 0.19]), 0);
  assert.equal(nearestSide(SQUARE, [0.61, 0.4]), 1);
  assert.equal(nearestSide(SQUARE, [0.21, 0.4]), 3);
});

test("sides that cross are seen while one draws", () => {
  assert.equal(crosses(SQUARE), false);
  assert.equal(crosses([[0, 0], [1, 1], [1, 0], [0, 1]]), true);
  assert.equal(crosses(freshArea(3)), false);
});

test("arrows move by half a hundredth, with Shift six times as far", () => {
  assert.deepEqual(stepOf("ArrowLeft", false), [-0.005, 0]);
  assert.deepEqual(stepOf("ArrowDown", true), [0, 0.03]);
  assert.equal(stepOf("a", false), null);
});

test("seat and masks go to the page and back", () => {
  const stored = { seat: SQUARE, masks: [freshArea(1)] };
  assert.deepEqual(asStored(areasOf(stored)), stored);
  assert.deepEqual(asStored(areasOf({})), { seat: [], masks: [] });
});

test("the still of a trial leaves the areas as drawn, and is not shown of another camera", () => {
  const drawn = { of: "c1", areas: areasOf({ seat: SQUARE }), chosen: 0, isDirty: true };
  assert.deepEqual(afterTold(drawn, { of: "c1", still: "data:,", seat: [], masks: [] }), drawn);
  assert.equal(afterTold(drawn, { of: "c2", still: "data:,", seat: [], masks: [] }), null);
  assert.deepEqual(afterTold(drawn, { of: "c2", code: "c2", masks: [SQUARE] }), { of: "c2", areas: areasOf({ masks: [SQUARE] }), chosen: 0, isDirty: false });
});
