/** The film of a card: first the reason, then the picture under the name of who looks; and the package to take away. */

import { askJson } from "./ask_json.mjs";
import { newId } from "./desk_commands.mjs";
import { textsOf } from "./format.mjs";
import { element } from "./keyed_list.mjs";
import { viewerMark } from "./viewer_mark.mjs";

/** Dash draws the panel anew at any time, so whatever frame appears is filled. @param {Document} page */
export function mount(page, { fetch: ask = fetch, go = (address) => location.assign(address) } = {}) {
  const fill = () => {
    for (const root of page.querySelectorAll("[data-card-clip]:not([data-filled])")) {
      root.dataset.filled = "true";
      clip(root, JSON.parse(root.dataset.config), { ask, go });
    }
    for (const root of page.querySelectorAll("[data-card-ask]:not([data-filled])")) {
      root.dataset.filled = "true";
      asking(root, JSON.parse(root.dataset.config), { ask });
    }
  };
  new MutationObserver(fill).observe(page.body, { childList: true, subtree: true });
  fill();
}

/** A clip of another camera or instant, by hand. */
function asking(root, config, { ask }) {
  const t = textsOf(config.texts);
  const camera = element("select", "field");
  camera.setAttribute("aria-label", t("card_clip.ask_camera"));
  camera.append(...config.cameras.map((one) => Object.assign(element("option", "", one.name), { value: one.code })));
  const at = Object.assign(element("input", "field"), { type: "text", placeholder: t("card_clip.ask_at"), autocomplete: "off", required: true, maxLength: 32 });
  at.setAttribute("aria-label", t("card_clip.ask_at"));
  const send = Object.assign(element("button", "button", t("card_clip.ask")), { type: "submit" });
  const said = Object.assign(element("p", "feeds-said"), { role: "status" });
  const form = element("form", "clip-asking");
  form.append(camera, at, send, said);
  root.append(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await askJson(`/card/${config.card}/clips`, { camera: camera.value, at: at.value }, { ask, noAnswer: t("card_clip.no_answer") });
      said.textContent = t("card_clip.asked_done");
    } catch (fault) { said.textContent = fault.message; }
  });
}

function clip(root, config, { ask, go }) {
  const t = textsOf(config.texts);
  const why = element("select", "field");
  why.setAttribute("aria-label", t("card_clip.reason"));
  why.append(...config.reasons.map((one) => Object.assign(element("option", "", t(`view_reason.${one}`)), { value: one })));
  const note = Object.assign(element("input", "field"), { type: "text", maxLength: config.noteMax, placeholder: t("card_clip.note_field"), autocomplete: "off" });
  note.setAttribute("aria-label", t("card_clip.note_field"));
  const play = Object.assign(element("button", "button button-main", t("card_clip.play")), { type: "submit" });
  const take = Object.assign(element("button", "button", t("card_clip.download")), { type: "button" });
  const said = element("p", "footage-refused");
  const form = element("form", "clip-form");
  form.append(element("strong", "", t("footage_page.reason_needed")), why, note, play, take, said);
  root.append(form);

  const pass = (what) => askJson("/api/v1/footage/views",
    { what, clip: config.clip, reason: why.value, note: note.value.trim(), press: newId() }, { ask, noAnswer: t("card_clip.no_answer") });

  let isAsking = false;
  const tried = (work) => async (event) => {
    event.preventDefault();
    if (isAsking) return;  // a second press is no second look
    isAsking = true;
    said.textContent = "";
    try { await work(); } catch (fault) { said.textContent = fault.message; } finally { isAsking = false; }
  };
  const address = (name, { view }) => `/api/v1/footage/clips/${config.clip}/${name}?view=${encodeURIComponent(view)}`;

  form.addEventListener("submit", tried(async () => {
    const given = await pass("clip");
    const video = Object.assign(element("video", "footage-video"), { muted: true, playsInline: true, controls: true, preload: "auto", disablePictureInPicture: true });
    video.setAttribute("controlslist", "nodownload noremoteplayback");
    if (config.hasPicture) video.poster = address("snapshot.jpg", given);
    video.src = address("clip.mp4", given);
    const veil = element("div", "viewer-mark");
    root.prepend(video, veil);
    viewerMark(veil).say(given.viewer);
    root.dataset.open = "true";
    if (given.is_masked) form.append(element("p", "footage-said", t("footage_page.masked")));
    else if (given.is_copy) form.append(element("p", "footage-said", t("footage_page.clip_converted")));
    play.hidden = true;
    form.querySelector("strong").hidden = true;
    await video.play().catch(() => undefined);
  }));
  take.addEventListener("click", tried(async () => go(address("package.zip", await pass("export")))));
}
