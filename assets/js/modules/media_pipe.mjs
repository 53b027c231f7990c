/** Fragmented MP4 into a video element by Media Source Extensions: appended in order, trimmed, held near its end. Nothing grows. */

import { steer, trimUntil } from "./live_rules.mjs";

const QUEUE_MAX = 2_000;
const BYTES_MAX = 8 << 20;
const TOGETHER_MAX = 1 << 20;

/**
 * @param {HTMLVideoElement} video
 * @param {{onBroken: (why: string) => void, MediaSource?: any, address?: {make: Function, free: Function}}} deps
 *   onBroken: the browser does not go on with this stream; a new pipe is needed
 */
export function mediaPipe(video, { onBroken, MediaSource = globalThis.ManagedMediaSource ?? globalThis.MediaSource, address = OBJECT_URLS }) {
  const source = new MediaSource();
  const place = address.make(source);
  let queue = [];
  let bytes = 0;
  let buffer = null;
  let mime = "";
  let wanted = null;   // the track that comes next: {mime, restart}
  let over = false;

  function broken(why) {
    if (over) return;
    close();
    onBroken(why);
  }

  /** A new initialization segment follows. `restart`: its time begins at 0 again, because the connection is new. */
  function track(next, { restart }) {
    if (!MediaSource.isTypeSupported(next)) { broken(`type ${next}`); return; }
    put({ mime: next, restart });
  }

  function put(item) {
    if (over) return;
    queue.push(item);
    bytes += item.byteLength ?? 0;
    // The browser does not keep up, or stopped: what is queued is old. Begin anew rather than grow.
    if (queue.length > QUEUE_MAX || bytes > BYTES_MAX) { broken("queue"); return; }
    work();
  }

  function work() {
    while (!over && source.readyState === "open" && !buffer?.updating && queue.length > 0) {
      const item = queue[0].mime ? queue.shift() : together();
      bytes -= item.byteLength ?? 0;
      try { if (item.mime) begin(item); else append(item); } catch (fault) { broken(fault?.name ?? "append"); }
    }
  }

  /** What waits, in one piece: a page that was kept busy for seconds catches up at once instead of piece by piece. */
  function together() {
    let size = 0;
    let count = 0;
    while (count < queue.length && !queue[count].mime && (count === 0 || size + queue[count].byteLength <= TOGETHER_MAX)) size += queue[count++].byteLength;
    const pieces = queue.splice(0, count);
    if (count === 1) return pieces[0];
    const whole = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) { whole.set(new Uint8Array(piece.buffer ?? piece), at); at += piece.byteLength; }
    return whole;
  }

  function begin(track_) {
    if (!buffer) {
      buffer = source.addSourceBuffer(track_.mime);
      buffer.mode = "segments";
      buffer.addEventListener("updateend", idle);
      buffer.addEventListener("error", () => broken("decode"));
    } else if (track_.mime !== mime) {
      buffer.changeType(track_.mime);
    }
    mime = track_.mime;
    wanted = track_;
    if (track_.restart && buffer.buffered.length > 0) {
      buffer.abort();
      buffer.timestampOffset = buffer.buffered.end(buffer.buffered.length - 1);
    }
  }

  function append(data) {
    if (!wanted) return;  // pictures before their initialization segment: of a connection that is gone
    try {
      buffer.appendBuffer(data);
    } catch (fault) {
      if (fault?.name !== "QuotaExceededError") throw fault;
      queue.unshift(data);
      bytes += data.byteLength;
      if (!forget(trimUntil(stretch(), 0.5, 0.5))) throw fault;
    }
  }

  function idle() {
    if (over) return;
    if (!forget(trimUntil(stretch()))) work();
  }

  function forget(until) {
    if (until == null || buffer.updating) return false;
    buffer.remove(0, until);
    return true;
  }

  /** Where it plays, and the newest stretch that is there. */
  function stretch() {
    const there = buffer?.buffered;
    if (!there || there.length === 0) return { at: video.currentTime, start: video.currentTime, end: video.currentTime, first: 0 };
    return { at: video.currentTime, start: there.start(there.length - 1), end: there.end(there.length - 1), first: there.start(0) };
  }

  /** Keeps the distance to the newest picture; several times a second. */
  function hold() {
    if (over || !buffer || buffer.buffered.length === 0) return 0;
    const now = stretch();
    const { seek, rate } = steer(now);
    if (seek != null) video.currentTime = seek;
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (video.paused) video.play()?.catch(() => {});
    forget(trimUntil({ ...now, at: video.currentTime }));
    return now.end - video.currentTime;
  }

  function close() {
    if (over) return;
    over = true;
    queue = [];
    source.removeEventListener("sourceopen", work);
    video.removeEventListener("error", failed);
    video.removeAttribute("src");
    video.load();
    address.free(place);
  }

  const failed = () => broken(video.error?.message || "video");
  source.addEventListener("sourceopen", work);
  video.addEventListener("error", failed);
  video.src = place;
  return { track, append: put, hold, close, pending: () => queue.length };
}

const OBJECT_URLS = Object.freeze({ make: (source) => URL.createObjectURL(source), free: (place) => URL.revokeObjectURL(place) });
