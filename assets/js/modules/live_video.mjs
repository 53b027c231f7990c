/**
 * The live picture of one tile: a WebSocket to the video process, its fragments into the video element, and what is to be said of it.
 *
 * It may run for weeks: a dead line is noticed and dialled again with growing pauses, a stuck decoder is replaced, what was shown is
 * forgotten. It keeps the last picture on the glass while the line is down, and says how old it is.
 */

import { SILENT_MS, ageOf, pauseBefore, reasonWords, stateOf } from "./live_rules.mjs";
import { mediaPipe } from "./media_pipe.mjs";

const TICK_MS = 200;
const STUCK_MS = 8_000;
const BUSY_MS = 1_000;           // between two ticks: the page itself was held up, and nobody else is to blame
const STEADY_MS = 10_000;        // a line that held so long starts over with short pauses
const RENEW_AT = 0.7;            // of the time a ticket has left
const TICKET_AGAIN = ["video_ticket_expired", "video_ticket_invalid"];

/**
 * @param {HTMLVideoElement} video muted
 * @param {{camera: string, stream: "main"|"sub", ticket: (fresh: boolean) => Promise<{address: string, ticket: string}>,
 *   onChange: (view: TileView) => void, t: Function, now?: Function, random?: Function, WebSocket?: any, timers?: object, pipe?: Function}} deps
 * @typedef {{state: string, age: number|null, reason: string, transcoded: boolean, masked: boolean, distance: number, skipped: number, size: string}} TileView
 */
export function liveVideo(video, deps) {
  const { camera, stream, t, onChange, now = () => performance.now(), random = Math.random, WebSocket = globalThis.WebSocket } = deps;
  const { setTimeout: later, clearTimeout: never, setInterval: every, clearInterval: end } = deps.timers ?? globalThis;
  const makePipe = deps.pipe ?? mediaPipe;
  let pipe = null;
  let link = null;
  let waiting = null;
  let ticking = null;
  let renewing = null;
  let attempt = 0;
  let openedMs = 0;
  let heardMs = 0;
  let pictureMs = null;
  let isNewLine = true;
  let frames = { count: 0, sinceMs: 0, isSeen: false };   // painted, since when so many, whether one is on the glass
  let fedMs = 0;
  let tickedMs = 0;
  let refusal = null;
  let told = { said: "connecting", reason: null, transcoded: false, masked: false, skipped: 0, size: "" };
  let shown = "";
  let generation = 0;   // of the attempt: answers of an older one are for nobody

  // The line -------------------------------------------------------------------------------------------------------------

  async function dial(fresh = false) {
    const mine = (generation += 1);
    waiting = null;
    try {
      const { address, ticket } = await deps.ticket(fresh);
      if (mine !== generation || ticking == null) return;
      open(`${address}/live/${encodeURIComponent(camera)}/${stream}?ticket=${encodeURIComponent(ticket)}`);
    } catch (fault) {
      if (mine !== generation || ticking == null) return;
      refusal = { code: fault?.code ?? "video_unreachable", details: fault?.details, isFinal: fault?.isFinal === true };
      again();
    }
  }

  function open(address) {
    const socket = new WebSocket(address);
    link = socket;
    openedMs = heardMs = now();
    isNewLine = true;
    socket.binaryType = "arraybuffer";
    const mine = (work) => (event) => { if (link === socket) work(event); };
    socket.onmessage = mine((event) => { heardMs = now(); if (typeof event.data === "string") hear(event.data); else take(event.data); });
    socket.onclose = mine(() => { link = null; again(); });
    socket.onerror = null;
  }

  function hang() {
    never(renewing);
    renewing = null;
    if (!link) return;
    const old = link;
    link = null;
    old.onmessage = old.onclose = null;
    old.close();
  }

  function again() {
    hang();
    if (ticking == null || waiting != null) return;
    if (now() - openedMs > STEADY_MS) attempt = 0;
    const pause = refusal?.details?.retry_after ? refusal.details.retry_after * 1000 * (1 + random() / 2) : pauseBefore(attempt, random());
    attempt += 1;
    const fresh = TICKET_AGAIN.includes(refusal?.code) || refusal?.code === "video_ticket_other_camera";
    waiting = later(() => dial(fresh), pause);
    draw();
  }

  // What it says ---------------------------------------------------------------------------------------------------------

  const HEARD = {
    hello(said) {
      refusal = null;
      told = { ...told, said: said.state, reason: said.reason };
      renewing = said.expires_ms > said.server_ms ? later(renew, (said.expires_ms - said.server_ms) * RENEW_AT) : null;
    },
    track(said) {
      told = { ...told, transcoded: said.transcoded === true, masked: said.masked === true, size: `${said.width}×${said.height}` };
      if (!pipe) { pipe = makePipe(video, { onBroken: replace }); frames = { count: 0, sinceMs: now(), isSeen: false }; }
      pipe.track(said.mime, { restart: isNewLine });
      isNewLine = false;
    },
    state(said) { told = { ...told, said: said.state, reason: said.reason }; },
    age(said) {
      told = { ...told, said: said.state ?? told.said, skipped: said.skipped ?? told.skipped };
      if (said.age_ms != null) pictureMs = Math.max(pictureMs ?? -Infinity, now() - said.age_ms);
    },
    end(said) {
      refusal = { code: said.code, details: said.details };
      if (said.code === "video_ticket_expired") attempt = 0;
    },
  };

  function hear(text) {
    let said;
    try { said = JSON.parse(text); } catch { return; }
    if (Object.hasOwn(HEARD, said?.type)) { HEARD[said.type](said); draw(); }
  }

  function take(data) {
    if (!pipe) return;
    pipe.append(data);
    if (told.said === "live" || pictureMs == null) pictureMs = now();
  }

  async function renew() {
    const socket = link;
    try {
      const { ticket } = await deps.ticket(true);
      if (link === socket && socket) socket.send(JSON.stringify({ type: "renew", ticket }));
    } catch { /* the view ends when its ticket does, and says so */ }
    renewing = null;
  }

  // The picture ----------------------------------------------------------------------------------------------------------

  /** The browser gave up on this stream: everything anew, from a key frame. */
  function replace() {
    pipe = null;
    frames = { count: 0, sinceMs: now(), isSeen: false };
    again();
  }

  /** Pictures arrive and none is painted: a decoder that hangs is replaced. */
  function watchDecoder() {
    const count = video.getVideoPlaybackQuality().totalVideoFrames;
    const isFed = pictureMs != null && now() - pictureMs < 2_000;
    if (count !== frames.count) frames = { count, sinceMs: now(), isSeen: count > 0 };
    else if (!isFed) fedMs = now();
    else if (now() - Math.max(frames.sinceMs, fedMs) > STUCK_MS) { pipe?.close(); replace(); }
  }

  /** What arrived is not what is seen: a picture is as old as the last one painted, and there is none before the first. */
  function ageSeen(distance) {
    if (!frames.isSeen) return null;
    return Math.max(ageOf({ pictureMs, distance, nowMs: now() }) ?? 0, Math.round(now() - frames.sinceMs));
  }

  function tick() {
    const gap = now() - tickedMs;
    tickedMs = now();
    if (gap > BUSY_MS) { heardMs += gap; fedMs = now(); }
    if (link && now() - heardMs > SILENT_MS) again();
    const distance = pipe?.hold() ?? 0;
    if (pipe) watchDecoder();
    draw(distance);
  }

  function draw(distance = 0) {
    const age = ageSeen(distance);
    const isRefused = refusal != null && (refusal.isFinal || ["camera_unknown", "video_ticket_other_camera", "view_refused"].includes(refusal.code));
    const state = stateOf({ linked: link != null, said: told.said, age, refused: isRefused });
    const why = reasonWords(refusal && !TICKET_AGAIN.includes(refusal.code) ? refusal : told.reason, t);
    const view = { state, age, reason: state === "live" ? "" : why, transcoded: told.transcoded, masked: told.masked, distance,
      skipped: told.skipped, size: told.size };
    const key = `${state}|${age == null ? "" : Math.round(age / 100)}|${view.reason}|${view.transcoded}${view.masked}`;
    if (key !== shown) { shown = key; onChange(view); }
  }

  return {
    start() {
      if (ticking != null) return;
      tickedMs = now();
      ticking = every(tick, TICK_MS);
      dial();
    },
    stop() {
      if (ticking == null) return;
      end(ticking);
      ticking = null;
      generation += 1;
      never(waiting);
      waiting = null;
      hang();
      pipe?.close();
      pipe = null;
      pictureMs = null;
      frames = { count: 0, sinceMs: 0, isSeen: false };
      attempt = 0;
      refusal = null;
      told = { said: "connecting", reason: null, transcoded: false, masked: false, skipped: 0, size: "" };
      shown = "";
    },
    isRunning: () => ticking != null,
  };
}
