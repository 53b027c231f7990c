/** 回看: the day of a window. What is chosen stands in the address; the day comes as data, its films in ranges, each look with a reason. */

import { askJson } from "./ask_json.mjs";
import { newId } from "./desk_commands.mjs";
import { civil } from "./format.mjs";
import { element } from "./keyed_list.mjs";
import { eventList } from "./footage_events.mjs";
import { frame } from "./footage_frame.mjs";
import { moments, nextMoment, noonOf, opening, realOf, windowAround, zoomed } from "./footage_time.mjs";
import { player, SPEEDS } from "./footage_player.mjs";
import { timeline } from "./footage_timeline.mjs";

const LOOK_AGAIN_MS = 10_000;
const KEYS = { ArrowLeft: -10_000, ArrowRight: 10_000 };

/** @param {HTMLElement} root @param {{t: Function, onFault: Function}} deps */
export function mount(root, { t, onFault, fetch: ask = fetch, every = setInterval }) {
  const find = (name) => root.querySelector(`[data-part=${name}]`);
  const config = JSON.parse(root.dataset.config);
  frame(root, config, t);
  const chosen = new URLSearchParams(location.search);
  let camera = chosen.get("camera") || config.camera;
  let dayText = chosen.get("day") || "";
  let wanted = Number(chosen.get("at")) || null;
  let day = null;
  let head = null;
  let asking = null;  // the camera a reason was sent for
  let isFailing = false;
  let question = 0;   // answers to an older one are for nobody
  let spanMs = 43_200_000;
  let middle = null;
  let span = null;

  const film = player(find("player"), { t, onTime: moved, onState: (plays) => { find("toggle").textContent = t(`footage_page.${plays ? "pause" : "play"}`); } });
  const line = timeline(find("timeline"), { t, onSeek: seek, onSpan: choose, onOpen: (target) => seek(target.at) });
  const stamp = (at) => (at == null || !day ? "—" : civil(at, day.offset_min).hms);
  const happened = eventList(find("events"), { t, stamp, seek, withdraw, mayMark: config.mayMark, commentMax: config.commentMax });

  const json = (address, body) => askJson(address, body, { ask, noAnswer: t("footage_page.no_answer") });

  async function load({ isNew } = {}) {
    if (!camera) return;
    const mine = (question += 1);
    const told = await json(`/footage/day.json?${new URLSearchParams({ camera, day: dayText })}`).catch((fault) => fault);
    if (mine !== question) return;
    if (told instanceof Error || isFailing) film.say(told instanceof Error ? told.message : "");
    isFailing = told instanceof Error;
    if (isFailing) return;
    const isOther = isNew || !day || day.day !== told.day || day.camera.code !== told.camera.code;
    day = told;
    film.open(day);
    draw(isOther);
  }

  function draw(isOther) {
    find("title").textContent = [day.camera.hall, day.camera.window, day.camera.name].filter(Boolean).join(" · ");
    find("org").textContent = day.camera.org_name;
    if (isOther) { find("day").value = day.day; head = wanted ?? opening(day); middle = noonOf(day); span = null; wanted = null; fillSpan(); }
    show();
    find("none").hidden = happened.show(day) > 0;
    askWhy();
    for (const link of root.querySelectorAll("[data-camera]")) link.classList.toggle("is-here", link.dataset.camera === camera);
    if (isOther && mayLook()) film.seek(head);
    find("mark").hidden = !config.mayMark;
  }

  function show() {
    line.show(day, windowAround(day, middle, spanMs));
    line.head(head);
    line.span(span);
    find("now").textContent = stamp(head);
    const real = head == null ? null : realOf(day.segments, head);
    find("real").textContent = real != null && Math.abs(real - head) > 2_000 ? t("footage_page.real_time", { at: civil(real, day.offset_min).hms }) : "";
  }

  function moved(at) {
    head = at;
    if (at < line.part.begin || at > line.part.end) { middle = at; show(); }
    else { line.head(at); find("now").textContent = stamp(at); }
  }

  function seek(at) {
    head = Math.min(Math.max(at, day.begin), day.end - 1);
    if (head < line.part.begin || head > line.part.end) middle = head;
    show();
    if (mayLook()) film.seek(head);
  }

  // The reason -----------------------------------------------------------------------------------------------------

  const mayLook = () => film.isPermitted && film.pass.camera === camera;

  /** For another camera, and when the time of the last reason is over: then nothing plays on beneath the question. */
  function askWhy() {
    const isOver = find("reason").hidden && film.pass?.camera === camera && !mayLook();
    if (isOver) { film.pause(); find("reason-said").textContent = t("footage_page.pass_over"); }
    find("reason").hidden = mayLook();
  }

  async function permit(event) {
    event?.preventDefault();
    const asked = camera;
    if (asking === asked) return;  // a second press is no second look
    asking = asked;
    try {
      const told = await json("/api/v1/footage/views", {
        what: "recorded", camera: asked, reason: find("why").value, note: find("note").value.trim(), press: newId() });
      if (asked !== camera) return;  // another window was chosen meanwhile
      film.permit({ ...told, camera: asked });
      find("reason").hidden = true;
      find("reason-said").textContent = "";
      if (day.camera.code !== asked) return;  // its day is on its way, and goes there
      film.seek(head ?? opening(day));
      film.play();
    } catch (fault) {
      if (asked === camera) find("reason-said").textContent = fault.message;
    } finally {
      if (asking === asked) asking = null;
    }
  }

  // Marking --------------------------------------------------------------------------------------------------------

  function choose(begin, end) { span = { begin, end }; line.span(span); fillSpan(); }

  function edge(name) {
    const at = film.now ?? head;
    if (at == null) return;
    span = name === "begin" ? { begin: at, end: Math.max(at, span?.end ?? at) } : { begin: Math.min(at, span?.begin ?? at), end: at };
    line.span(span);
    fillSpan();
  }

  function fillSpan() {
    find("from").textContent = stamp(span?.begin);
    find("to").textContent = stamp(span?.end);
    find("save").disabled = span == null;
  }

  async function save(event) {
    event.preventDefault();
    const form = new FormData(find("form"));
    const [begin, end] = [span.begin, span.end].map((at) => realOf(day.segments, at));
    if (begin == null || end == null) { find("said").textContent = t("footage_page.span_unrecorded"); return; }
    const wish = {
      incident: { camera: day.camera.code, kind: form.get("kind") ?? "", begin_at: Math.round(begin * 1000), end_at: Math.round(end * 1000), comment: form.get("comment") },
      ...(form.get("card") ? { level: form.get("level"), title: form.get("title"), command_id: newId() } : {}) };
    const sent = { words: written(), span, camera: day.camera };
    const say = (words) => { find("said").textContent = sent.camera.code === day.camera.code ? words : `${sent.camera.name}：${words}`; };
    find("save").disabled = true;
    try {
      const told = await json("/footage/incidents", wish);
      clear(sent);
      await load();
      say(t(told.card ? "footage_page.marked_card" : "footage_page.marked", told));
    } catch (fault) {
      say(fault.message);
    } finally {
      fillSpan();
    }
  }

  function written() { return JSON.stringify([...new FormData(find("form"))]); }

  /** What was sent is done with; what was written or chosen since, for this window or the next, stays. */
  function clear(sent) {
    if (span === sent.span) { span = null; line.span(span); }
    if (written() !== sent.words) return;
    find("form").reset();
    find("card-fields").hidden = true;
  }

  async function withdraw(id, reason) {
    await json(`/footage/incidents/${id}/withdrawal`, { reason });
    await load();
  }

  // Going about ----------------------------------------------------------------------------------------------------

  function go(change) {
    ({ camera, dayText } = { camera, dayText, ...change });
    history.replaceState(null, "", `?${new URLSearchParams({ ...(camera ? { camera } : {}), ...(dayText ? { day: dayText } : {}) })}`);
    load({ isNew: true });
  }

  function page(step) {
    const codes = [...root.querySelectorAll("[data-camera]")].map((link) => link.dataset.camera);
    const place = codes.indexOf(camera);
    if (codes.length > 0) go({ camera: codes[(place + step + codes.length) % codes.length] });
  }

  function otherDay(step) {
    const at = new Date(`${day.day}T00:00:00Z`);
    at.setUTCDate(at.getUTCDate() + step);
    go({ dayText: at.toISOString().slice(0, 10) });
  }

  function zoom(step) { spanMs = zoomed(spanMs, step); middle = head ?? middle; show(); }

  function jump(step) {
    const to = nextMoment(moments(day), head ?? day.begin, step);
    if (to != null) seek(to);
  }

  const ACTS = {
    toggle: () => film.toggle(), back: () => seek(head - 10_000), forth: () => seek(head + 10_000), before: () => jump(-1), after: () => jump(1),
    "zoom-in": () => zoom(1), "zoom-out": () => zoom(-1), "day-before": () => otherDay(-1), "day-after": () => otherDay(1),
    today: () => go({ dayText: "" }), begin: () => edge("begin"), end: () => edge("end"), still: takeStill,
  };

  function takeStill() {
    const real = head == null ? null : realOf(day.segments, head);
    if (real == null || !mayLook()) return;
    open(`/api/v1/footage/cameras/${encodeURIComponent(camera)}/still.jpg?${new URLSearchParams({ view: film.pass.view, at: Math.round(real * 1000) })}`, "_blank", "noopener");
  }

  root.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act && day) ACTS[act]();
    const link = event.target.closest("[data-camera]");
    if (link) { event.preventDefault(); go({ camera: link.dataset.camera }); }
  });
  find("reason").addEventListener("submit", permit);
  find("form").addEventListener("submit", save);
  find("form").addEventListener("change", () => { find("card-fields").hidden = !find("form").elements.card?.checked; });
  find("day").addEventListener("change", () => go({ dayText: find("day").value }));
  find("speed").addEventListener("change", () => film.speed(Number(find("speed").value)));
  for (const speed of SPEEDS) find("speed").append(Object.assign(element("option", "", `${speed}×`), { value: String(speed), selected: speed === 1 }));
  find("timeline").addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1 : -1); }, { passive: false });
  document.addEventListener("keydown", (event) => {
    if (!day || root.closest("[hidden]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(event.key.startsWith("Page") ? "textarea, select" : "input, textarea, select, button, a")) return;
    const act = keyed(event);
    if (!act) return;
    event.preventDefault();
    act();
  });

  function keyed(event) {
    if (event.key in KEYS) return () => seek(head + KEYS[event.key] * (event.shiftKey ? 6 : 1));
    return {
      " ": ACTS.toggle, PageUp: () => page(-1), PageDown: () => page(1), "[": ACTS.before, "]": ACTS.after, i: ACTS.begin, o: ACTS.end,
      "+": ACTS["zoom-in"], "=": ACTS["zoom-in"], "-": ACTS["zoom-out"], m: () => find("form").querySelector("input").focus(),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  }

  fillSpan();
  load({ isNew: true });
  every(() => load().catch(onFault), LOOK_AGAIN_MS);
  root.dataset.ready = "true";
}
