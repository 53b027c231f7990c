/** Plays the recorded files of a window one after the other, under the name of who looks. Files are asked for in ranges. */

import { element } from "./keyed_list.mjs";
import { viewerMark } from "./viewer_mark.mjs";
import { instantOf, placeOf, playable } from "./footage_time.mjs";

const PLAYED = "h264";  // the server gives a copy in it of everything else
export const SPEEDS = [0.5, 1, 2, 4, 8];

/** @param {HTMLElement} root @param {{t: Function, onTime: Function, onState: Function}} deps */
export function player(root, { t, onTime, onState }) {
  let day = null;
  let pass = null;
  let film = null;
  let wantsPlay = false;
  let speed = 1;

  const video = element("video", "footage-video");
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto";
  video.disablePictureInPicture = true;
  const veil = element("div", "viewer-mark");
  const said = element("p", "footage-said");
  root.prepend(video, veil, said);
  const mark = viewerMark(veil);

  video.addEventListener("timeupdate", () => { if (film) onTime(instantOf(film, video.currentTime)); });
  video.addEventListener("seeked", () => { if (film) onTime(instantOf(film, video.currentTime)); });
  video.addEventListener("ended", next);
  video.addEventListener("error", () => {
    if (!film) return;
    if (!isPermitted()) { say(t("footage_page.pass_over")); return; }
    say(t(film.codec === PLAYED ? "footage_page.cannot_play" : "footage_page.not_converted", { codec: film.codec }));
  });
  for (const kind of ["play", "pause"]) video.addEventListener(kind, () => onState(!video.paused));

  const isPermitted = () => pass != null && pass.expires_ms > Date.now();

  function say(words) { said.textContent = words; said.hidden = words === ""; }

  function load(place) {
    if (film?.id !== place.film.id) {
      film = place.film;
      video.src = `/api/v1/footage/segments/${film.id}/film.mp4?view=${encodeURIComponent(pass.view)}`;
    }
    video.currentTime = place.seconds;
    video.playbackRate = speed;
    if (wantsPlay) video.play().catch(() => onState(false));
  }

  /** What is shown is not always what was recorded. */
  function shownAs({ codec }) {
    if (pass?.is_masked) return t("footage_page.masked");
    return codec === PLAYED ? "" : t("footage_page.converted", { codec });
  }

  function next() {
    const films = playable(day.segments);
    const after = films[films.findIndex((one) => one.id === film.id) + 1];
    if (after) load({ film: after, seconds: 0 });
    else { wantsPlay = false; onState(false); say(t("footage_page.end_of_film")); }
  }

  return {
    video,
    /** The day shown; what plays goes on when it is still there. */
    open(newDay) {
      day = newDay;
      if (film && !day.segments.some((one) => one.id === film.id)) { film = null; video.removeAttribute("src"); video.load(); }
    },
    permit(given) { pass = given; film = null; mark.say(given?.viewer ?? ""); },
    get isPermitted() { return isPermitted(); },
    get pass() { return pass; },
    seek(at) {
      const place = placeOf(day.segments, at);
      if (!place) { video.pause(); say(t("footage_page.nothing_recorded")); onTime(at); return; }
      say(place.isThere ? shownAs(place.film) : t("footage_page.jumped_gap"));
      load(place);
      onTime(instantOf(place.film, place.seconds));
    },
    toggle() {
      wantsPlay = video.paused;
      if (wantsPlay) video.play().catch(() => onState(false));
      else video.pause();
    },
    pause() { wantsPlay = false; video.pause(); },
    play() { wantsPlay = true; video.play().catch(() => onState(false)); },
    speed(given) { speed = given; video.playbackRate = given; },
    get now() { return film ? instantOf(film, video.currentTime) : null; },
    say,
  };
}
