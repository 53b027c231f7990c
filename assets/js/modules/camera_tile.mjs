/** One tile of the camera scene: the picture, and beside it name, window, age of the picture and state. Built once, then only written. */

import { ageWords } from "./live_rules.mjs";
import { liveVideo } from "./live_video.mjs";
import { element, setText, toggle } from "./keyed_list.mjs";
import { viewerMark } from "./viewer_mark.mjs";

/**
 * @param {object} camera @param {{t: Function, tickets: object, onChoose: (code: string) => void, viewer: () => string}} deps
 */
export function cameraTile(camera, { t, tickets, onChoose, viewer }) {
  const node = element("li", "tile");
  node.tabIndex = 0;
  const picture = element("div", "tile-picture");
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, disablePictureInPicture: true, disableRemotePlayback: true });
  const marks = element("div", "viewer-mark");
  const notice = element("p", "tile-notice");
  picture.append(video, marks, notice);
  const side = element("div", "tile-side");
  const name = element("span", "tile-name");
  const place = element("span", "tile-window num");
  const state = element("span", "tile-state");
  const age = element("span", "tile-age num");
  const chips = element("span", "tile-chips");
  side.append(name, place, state, age, chips);
  node.append(picture, side);
  const mark = viewerMark(marks);
  let live = null;
  let stream = "";

  node.addEventListener("click", () => onChoose(camera.code));
  node.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); onChoose(camera.code); } });

  function show(view) {
    if (node.dataset.state !== view.state) node.dataset.state = view.state;
    setText(state, t(`video.state.${view.state}`));
    setText(age, view.age == null ? "" : t("video.ago", { age: ageWords(view.age, t) }));
    setText(notice, view.state === "live" ? "" : [t(`video.state.${view.state}`), view.reason].filter(Boolean).join("："));
    setText(chips, [view.transcoded ? t("video.transcoded") : "", view.masked ? t("video.masked") : ""].filter(Boolean).join(" · "));
    toggle(node, "has-picture", view.age != null);
    if (viewer()) mark.say(viewer());
  }

  /** The camera as it is now registered, and the stream to show. */
  function update(told, wanted) {
    camera = told;
    setText(name, told.name);
    setText(place, told.window ? t("video.window", { window: told.window }) : t("wall.cameras.overall"));
    node.dataset.camera = told.code;
    if (wanted === stream && live) return;
    stream = wanted;
    live?.stop();
    live = liveVideo(video, { camera: told.code, stream, t, ticket: tickets.get, onChange: show });
    show({ state: "connecting", age: null, reason: "", transcoded: false, masked: false });
    if (!document.hidden) live.start();
  }

  return { node, update, start: () => live?.start(), stop: () => live?.stop(),
    remove() { live?.stop(); live = null; mark.stop(); node.remove(); } };
}
