/**
 * The picture of the camera page: live, or the still of a trial; over it the seat area and the masks, drawn by pointer or keyboard.
 * Dash says what to show in `data-picture` of #camera-shown; what is drawn goes back into the store `camera-areas`.
 */

import { ageWords } from "./live_rules.mjs";
import { liveVideo } from "./live_video.mjs";
import { element, setText, toggle } from "./keyed_list.mjs";
import { afterTold, asStored, crosses, freshArea, moved, nearestSide, stepOf, withCorner, withoutCorner } from "./areas.mjs";
import { ticketsOf } from "./live_tickets.mjs";
import { viewerMark } from "./viewer_mark.mjs";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 1000;

/** @param {HTMLElement} root @param {{t: Function, mayEdit: boolean}} deps */
export function mount(root, { t, mayEdit }) {
  const parts = build(root, t, mayEdit);
  const mark = viewerMark(parts.mark);
  let of = null;
  let areas = [];
  let chosen = 0;
  let tile = null;
  let isDirty = false;
  parts.onFit = () => draw();

  // What is shown --------------------------------------------------------------------------------------------------------

  function show(told) {
    const next = afterTold({ of, areas, chosen, isDirty }, told);
    if (!next) return;
    ({ of, areas, chosen, isDirty } = next);
    stopLive();
    parts.still.hidden = !told.still;
    if (told.still) parts.still.src = told.still;
    else parts.still.removeAttribute("src");
    parts.stage.dataset.shows = told.still ? "still" : told.code ? "live" : "nothing";
    setText(parts.state, "");
    if (told.code) startLive(told.code, told.stream);
    draw();
  }

  function startLive(camera, stream) {
    const tickets = ticketsOf({ reason: "setup", cameras: () => [camera], onViewer: (viewer) => mark.say(viewer) });
    tile = liveVideo(parts.video, { camera, stream, t, ticket: tickets.get, onChange: (view) => {
      const age = view.age == null ? "" : ` · ${ageWords(view.age, t)}`;
      const more = [view.reason, view.size, view.transcoded ? t("video.transcoded") : ""].filter(Boolean).join(" · ");
      setText(parts.state, `${t(`video.state.${view.state}`)}${age}${more ? ` · ${more}` : ""}`);
      if (parts.state.dataset.state !== view.state) parts.state.dataset.state = view.state;
    } });
    tile.start();
  }

  function stopLive() {
    tile?.stop();
    tile = null;
    mark.say("");
    delete parts.state.dataset.state;
  }

  // Areas ----------------------------------------------------------------------------------------------------------------

  function change(next, { focus = null } = {}) {
    areas = next;
    isDirty = true;
    window.dash_clientside?.set_props?.("camera-areas", { data: asStored(areas) });
    draw();
    if (focus != null) parts.svg.querySelector(`[data-corner="${chosen}/${focus}"]`)?.focus();
  }

  const ofChosen = (corners) => areas.map((area, at) => (at === chosen ? { ...area, corners } : area));

  function add(kind) {
    if (kind === "seat" && areas.some((area) => area.kind === "seat")) { chosen = 0; draw(); return; }
    const fresh = { kind, corners: freshArea(areas.length) };
    const next = kind === "seat" ? [fresh, ...areas] : [...areas, fresh];
    chosen = next.indexOf(fresh);
    change(next, { focus: 0 });
  }

  function remove() {
    const next = areas.filter((_area, at) => at !== chosen);
    chosen = Math.max(0, chosen - 1);
    change(next);
  }

  function placeOf(event) {
    const box = parts.svg.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  function draw() {
    parts.svg.replaceChildren(...areas.flatMap((area, at) => shapes(area, at)));
    parts.tools.querySelector("[data-act=seat]").setAttribute("aria-pressed", String(areas[chosen]?.kind === "seat"));
    parts.tools.querySelector("[data-act=remove]").disabled = areas.length === 0;
    const wrong = areas.some((area) => crosses(area.corners));
    toggle(parts.words, "is-wrong", wrong);
    setText(parts.words, wrong ? t("camera_page.areas.wrong") : isDirty ? t("camera_page.areas.unsaved") : "");
    parts.help.hidden = !mayEdit || areas.length === 0;
  }

  function shapes(area, at) {
    const polygon = shape("polygon", { points: area.corners.map(([x, y]) => `${x * WIDE},${y * parts.tall}`).join(" "),
      class: `area area-${area.kind}${at === chosen ? " is-chosen" : ""}${crosses(area.corners) ? " is-crossed" : ""}` });
    if (!mayEdit) return [polygon];
    polygon.addEventListener("pointerdown", () => { chosen = at; draw(); });
    polygon.addEventListener("dblclick", (event) => insert(at, placeOf(event)));
    return at === chosen ? [polygon, ...area.corners.map((corner, index) => handle(area, at, corner, index))] : [polygon];
  }

  function insert(at, place) {
    chosen = at;
    const { corners } = areas[at];
    change(ofChosen(withCorner(corners, nearestSide(corners, place), place)));
  }

  function handle(area, at, [x, y], index) {
    const words = t("camera_page.areas.corner", { area: t(`camera_page.areas.${area.kind}`), n: index + 1, x: Math.round(x * 100), y: Math.round(y * 100) });
    const node = shape("circle", { cx: x * WIDE, cy: y * parts.tall, r: 9, class: `corner corner-${area.kind}`, tabindex: 0, role: "button",
      "aria-label": words, "data-corner": `${at}/${index}` });
    node.addEventListener("keydown", (event) => press(event, index));
    node.addEventListener("pointerdown", (event) => drag(event, index));
    return node;
  }

  function press(event, index) {
    const { corners } = areas[chosen];
    const step = stepOf(event.key, event.shiftKey);
    let next = null;
    let focus = index;
    if (step) next = moved(corners, index, [corners[index][0] + step[0], corners[index][1] + step[1]]);
    else if (event.key === "Insert") { next = withCorner(corners, index); focus = index + 1; }
    else if (event.key === "Delete" || event.key === "Backspace") { next = withoutCorner(corners, index); focus = Math.max(0, index - 1); }
    if (!next) return;
    event.preventDefault();
    change(ofChosen(next), { focus });
  }

  function drag(event, index) {
    event.preventDefault();
    event.stopPropagation();
    const move = (at) => change(ofChosen(moved(areas[chosen].corners, index, placeOf(at))));
    const end = () => { document.removeEventListener("pointermove", move); document.removeEventListener("pointerup", end); };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", end);
  }

  // Wiring ---------------------------------------------------------------------------------------------------------------

  parts.tools.addEventListener("click", (event) => {
    const act = event.target.closest("button")?.dataset.act;
    if (act === "seat" || act === "mask") add(act);
    if (act === "remove") remove();
  });
  const source = document.getElementById("camera-shown");
  let last = "";
  function read() {
    const told = source.dataset.picture ?? "";
    if (told && told !== last) { last = told; show(JSON.parse(told)); }
  }
  const watch = new MutationObserver(read);
  watch.observe(source, { attributes: true, attributeFilter: ["data-picture"] });
  const seen = () => { if (!tile) return; if (document.hidden) tile.stop(); else tile.start(); };
  document.addEventListener("visibilitychange", seen);
  read();
  return () => { watch.disconnect(); document.removeEventListener("visibilitychange", seen); stopLive(); mark.stop(); };
}

function build(root, t, mayEdit) {
  const stage = element("div", "picture-stage");
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, disablePictureInPicture: true });
  const still = document.createElement("img");
  still.alt = t("camera_page.areas.still");
  still.hidden = true;
  const mark = element("div", "viewer-mark");
  const svg = shape("svg", { viewBox: `0 0 ${WIDE} ${WIDE * 9 / 16}`, class: "picture-areas" });
  const state = element("span", "picture-state num");
  stage.append(video, still, mark, svg, element("p", "picture-none", t("camera_page.picture_words")), state);
  const tools = element("div", "picture-tools");
  tools.hidden = !mayEdit;
  for (const [act, words] of [["seat", "draw_seat"], ["mask", "add_mask"], ["remove", "remove"]]) {
    const button = element("button", "button", t(`camera_page.areas.${words}`));
    button.type = "button";
    button.dataset.act = act;
    tools.append(button);
  }
  const words = element("span", "picture-words");
  words.setAttribute("role", "status");
  tools.append(words);
  const help = element("p", "panel-note", t("camera_page.areas.help"));
  help.hidden = true;
  root.append(stage, tools, help);
  // The stage has the shape of the picture, so that fractions of it are fractions of the picture.
  const parts = { stage, video, still, mark, svg, state, tools, words, help, tall: WIDE * 9 / 16, onFit: () => {} };
  function fit(width, height) {
    if (!width || !height) return;
    stage.style.aspectRatio = `${width} / ${height}`;
    parts.tall = WIDE * height / width;
    svg.setAttribute("viewBox", `0 0 ${WIDE} ${parts.tall}`);
    parts.onFit();
  }
  video.addEventListener("resize", () => fit(video.videoWidth, video.videoHeight));
  still.addEventListener("load", () => fit(still.naturalWidth, still.naturalHeight));
  return parts;
}

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
