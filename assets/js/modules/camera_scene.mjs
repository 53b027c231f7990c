/**
 * The camera scene of the wall. It knows nothing of cards but the one it may jump to, and keeps a state of its own: whatever the
 * pictures do, the reducer and the panels of the wall go on as if it were not there.
 */

import { askJson } from "./ask_json.mjs";
import { element, setText, toggle } from "./keyed_list.mjs";
import { cameraTile } from "./camera_tile.mjs";
import { ticketsOf } from "./live_tickets.mjs";
import { addressOf, afterKey, becauseOf, camerasOf, jumpTo, layoutOf, onSiteCard, pagesOf, reasonIn, sceneOf, turned } from "./scene_rules.mjs";

const LIST_MS = 10_000;
const ADDRESS = "/api/v1/video/cameras";
const REASONS = ["wall", "patrol", "complaint", "sampling", "setup"];

/** @param {HTMLElement} root the place of the scene on the wall, with data-asks for a person who must say why */
export function mount(root, { t, wall, store, every, onFault }) {
  let scene = sceneOf(location.search);
  let told = { cameras: [], halls: [] };
  let problem = null;
  let isLoaded = false;
  let viewer = "";
  const isPerson = root.dataset.asks === "true";
  let why = isPerson ? reasonAsked(scene) : { reason: "wall", note: "" };
  let tickets = null;
  let listing = null;
  let turning = null;
  const tiles = new Map();
  const parts = build(root, t);

  // The list -------------------------------------------------------------------------------------------------------------

  async function list() {
    try {
      told = await askJson(ADDRESS, undefined, { noAnswer: t("wall.cameras.no_answer") });
      problem = null;
    } catch (fault) {
      problem = fault.message; // what is shown stays: the list is old, the pictures are not
    }
    isLoaded = true;
    draw();
  }

  // Drawing --------------------------------------------------------------------------------------------------------------

  function go(next) {
    if (next === scene) return;
    const reason = reasonIn(next, why);
    scene = reason === why ? next : { ...next, card: "" };
    because(reason);
    history.replaceState(null, "", `${location.pathname}${addressOf(scene, location.search)}`);
    follow();
  }

  /** Begins or ends what a scene on the wall needs: its list, its pictures, the turning of its pages. */
  function follow() {
    wall.dataset.scene = scene.isOn ? "cameras" : "board";
    root.hidden = !scene.isOn;
    if (scene.isOn && !listing) { list(); listing = every(LIST_MS, list); }
    if (!scene.isOn) { listing?.(); listing = null; drop(); }
    if (scene.isOn && scene.rotateMs && !turning) turning = every(scene.rotateMs, () => { if (!scene.focus) go(turned(scene, told.cameras, 1)); });
    if (!scene.isOn) { turning?.(); turning = null; }
    draw();
  }

  function draw() {
    if (!scene.isOn) return;
    const here = camerasOf(scene, told.cameras);
    const isUnknown = isLoaded && scene.focus && !told.cameras.some((camera) => camera.code === scene.focus);
    head(here);
    parts.why.hidden = why !== null || here.length === 0;
    const empty = emptyWords(here, isUnknown);
    parts.empty.hidden = empty === null;
    if (empty) { setText(parts.emptyTitle, empty[0]); setText(parts.emptyWords, empty[1]); }
    parts.grid.hidden = empty !== null || why === null;
    if (why === null || empty !== null) { drop(); return; }
    grid(isUnknown ? { ...scene, focus: "" } : scene);
  }

  function emptyWords(here, isUnknown) {
    if (!isLoaded) return ["", ""];
    if (here.length > 0 || (scene.focus && !isUnknown)) return null;
    if (problem) return [t("wall.cameras.failed", { why: problem }), ""];
    if (told.cameras.length > 0) return [t("wall.cameras.none_hall", { hall: scene.hall }), t("wall.cameras.keys")];
    return [t("wall.cameras.none"), t("wall.cameras.none_words")];
  }

  function head(here) {
    setText(parts.hall, scene.hall || t("wall.cameras.all_halls"));
    const pages = pagesOf(scene, told.cameras);
    setText(parts.count, t("wall.cameras.tiles", { n: scene.tiles }));
    setText(parts.page, pages > 1 && !scene.focus ? t("wall.cameras.page", { n: scene.page + 1, of: pages }) : "");
    setText(parts.keys, t(scene.focus ? "wall.cameras.keys_focus" : "wall.cameras.keys"));
    setText(parts.problem, problem && here.length > 0 ? t("wall.cameras.failed", { why: problem }) : "");
  }

  function grid(shown) {
    const { columns, rows, cells, hidden } = layoutOf(shown, told.cameras);
    parts.grid.style.setProperty("--columns", columns);
    parts.grid.style.setProperty("--rows", rows);
    parts.grid.dataset.tiles = shown.focus ? "focus" : String(shown.tiles);
    const wanted = new Set(cells.map((cell) => cell.camera.code));
    for (const [code, tile] of tiles) if (!wanted.has(code)) { tile.remove(); tiles.delete(code); }
    tickets = tickets ?? ticketsOf({ ...why, cameras: () => [...tiles.keys()], onViewer: (name) => { viewer = name; } });
    for (const { camera } of cells) {
      if (!tiles.has(camera.code)) tiles.set(camera.code, cameraTile(camera, { t, tickets, onChoose: choose, viewer: () => viewer }));
    }
    cells.forEach(({ camera, span, stream }, at) => {
      const tile = tiles.get(camera.code);
      tile.node.style.gridArea = span > 1 ? `1 / 1 / span ${span} / span ${span}` : "";
      toggle(tile.node, "is-focus", shown.focus === camera.code);
      toggle(tile.node, "is-small", columns >= 4 && span === 1);
      toggle(tile.node, "is-tiny", columns >= 5 && span === 1);
      if (parts.grid.children[at] !== tile.node) parts.grid.insertBefore(tile.node, parts.grid.children[at] ?? null);
      tile.update(camera, stream);
    });
    setText(parts.more, hidden > 0 ? t("wall.cameras.more", { n: hidden }) : "");
  }

  function drop() {
    for (const tile of tiles.values()) tile.remove();
    tiles.clear();
    tickets = null;
  }

  function choose(code) {
    go({ ...scene, focus: scene.focus === code ? "" : code });
  }

  /** Pictures one has under one reason are asked for anew under another, so that each is in the log. */
  function because(next) {
    if (next === why) return;
    why = next;
    drop();
  }

  function jump(card) {
    if (isPerson) because(becauseOf(card, why));
    go(jumpTo(scene, card, { isPerson }));
  }

  // Wiring ---------------------------------------------------------------------------------------------------------------

  function press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.("input, textarea, select")) return;
    if (event.key === "j" || event.key === "J") { const card = onSiteCard(store.get().cards); if (card) jump(card); return; }
    if (ring(event)) return;
    const next = afterKey(scene, event.key, told);
    if (next !== scene) { event.preventDefault(); try { go(next); } catch (fault) { onFault(fault); } }
  }

  /** With a single page the arrows go from tile to tile; Enter then enlarges the one they stand on. */
  function ring(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || !scene.isOn || scene.focus || pagesOf(scene, told.cameras) > 1 || tiles.size === 0) return false;
    const nodes = [...parts.grid.children];
    const at = nodes.indexOf(document.activeElement);
    nodes[at < 0 ? 0 : (at + by + nodes.length) % nodes.length].focus();
    event.preventDefault();
    return true;
  }

  /** A page nobody sees plays nothing. */
  function seen() {
    for (const tile of tiles.values()) { if (document.hidden) tile.stop(); else tile.start(); }
  }

  function click(event) {
    const button = event.target.closest("[data-scene-act]");
    if (button) { event.preventDefault(); go({ ...scene, isOn: button.dataset.sceneAct === "cameras", focus: "" }); }
  }

  parts.why.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = parts.note.value.trim();
    const reason = event.submitter?.value || "other";
    if (reason === "other" && words.length < 2) { parts.note.focus(); return; }
    why = { reason, note: words };
    draw();
  });
  document.addEventListener("keydown", press);
  document.addEventListener("visibilitychange", seen);
  wall.addEventListener("click", click);
  follow();
  return () => {
    document.removeEventListener("keydown", press);
    document.removeEventListener("visibilitychange", seen);
    wall.removeEventListener("click", click);
    listing?.();
    turning?.();
    drop();
  };
}

/** What a link says of it; null: he is asked. */
function reasonAsked({ reason, card, focus }) {
  if (card && focus) return becauseOf({ id: card, camera: focus }, null);
  return reason ? { reason, note: card } : null;
}

function build(root, t) {
  const head = element("header", "scene-head");
  const [title, hall, count, page, problem, more, keys] = ["title", "hall", "count num", "page num", "problem", "more num", "keys"].map((name) =>
    element("span", `scene-${name}`));
  title.textContent = t("wall.cameras.title");
  head.append(title, hall, count, page, more, problem, keys);
  const grid = element("ul", "scene-grid");
  const empty = element("div", "scene-empty");
  const [emptyTitle, emptyWords] = [element("p", "scene-empty-title"), element("p", "scene-empty-words")];
  empty.append(emptyTitle, emptyWords);
  const { form, note } = whyForm(t);
  root.append(head, grid, empty, form);
  return { hall, count, page, problem, more, keys, grid, empty, emptyTitle, emptyWords, why: form, note };
}

/** Why a person looks: chosen before the first picture, written down with every view. */
function whyForm(t) {
  const form = element("form", "scene-why");
  form.append(element("p", "scene-empty-title", t("wall.cameras.why_title")), element("p", "scene-empty-words", t("wall.cameras.why_words")));
  const choices = element("div", "scene-why-choices");
  choices.append(...REASONS.map((reason) => button(t(`view_reason.${reason}`), reason)));
  const note = document.createElement("input");
  Object.assign(note, { className: "field scene-why-note", maxLength: 200, placeholder: t("wall.cameras.why_other"), autocomplete: "off" });
  note.setAttribute("aria-label", t("wall.cameras.why_other"));
  const other = element("div", "scene-why-choices");
  other.append(note, button(t("wall.cameras.why_go"), "other"));
  form.append(choices, other);
  return { form, note };
}

function button(words, value) {
  const node = element("button", "button", words);
  Object.assign(node, { type: "submit", value });
  return node;
}
