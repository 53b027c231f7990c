import assert from "node:assert/strict";
import { test } from "node:test";

import { ageOf, ageWords, pauseBefore, rateFor, reasonWords, stateOf, steer, trimUntil } from "../../assets/js/modules/live_rules.mjs";
import { liveVideo } from "../../assets/js/modules/live_video.mjs";
import { mediaPipe } from "../../assets/js/modules/media_pipe.mjs";
import { textsOf } from "../../assets/js/modules/format.mjs";

const MIME = 'video/mp4; codecs="avc1.42c01e"';
const t = textsOf({ video: { age: { tenths: "{n} s", seconds: "{n} s", minutes: "{n} min", hours: "{n} h" }, reason_unknown: "fault {code}" },
  error: { timeout: "no answer in {seconds} s", video_unreachable: "away" } });

// --- rules ---------------------------------------------------------------------------------------------------------------

test("the rate stays where nobody sees it, and a second behind is caught up by a seek", () => {
  assert.equal(rateFor(0.12), 1);
  assert.equal(rateFor(0.15), 1);
  assert.equal(rateFor(0.9), 1.05);
  assert.equal(rateFor(0), 0.97);
  assert.equal(rateFor(0.22), 1.025);
  assert.deepEqual(steer({ at: 10, start: 0, end: 10.12 }), { seek: null, rate: 1 });
  assert.deepEqual(steer({ at: 10, start: 0, end: 11.001 }), { seek: 10.881, rate: 1 });
  assert.deepEqual(steer({ at: 0, start: 3, end: 3.05 }), { seek: 3, rate: 1 });
});

test("what was shown is forgotten before it grows", () => {
  assert.equal(trimUntil({ at: 11, start: 0 }), null);
  assert.equal(trimUntil({ at: 20, start: 0 }), 16);
});

test("pauses double up to a quarter of a minute and never fall together", () => {
  assert.deepEqual([0, 1, 2, 3, 9].map((attempt) => pauseBefore(attempt, 0.5)), [500, 1000, 2000, 4000, 15000]);
  assert.equal(pauseBefore(0, 0), 250);
  assert.equal(pauseBefore(0, 0.999), 750);
});

test("a tile says within five seconds that it stalls, whatever the server believes", () => {
  const tile = { linked: true, said: "live", age: 200, refused: false };
  assert.equal(stateOf(tile), "live");
  assert.equal(stateOf({ ...tile, age: 3_001 }), "stalled");
  assert.equal(stateOf({ ...tile, linked: false }), "stalled");
  assert.equal(stateOf({ ...tile, said: "offline", age: 4_000 }), "offline");
  assert.equal(stateOf({ ...tile, said: "offline", age: 100 }), "live");
  assert.equal(stateOf({ ...tile, age: null, said: "connecting" }), "connecting");
  assert.equal(stateOf({ ...tile, refused: true }), "refused");
});

test("age and reason are words", () => {
  assert.deepEqual([null, 120, 9_949, 10_400, 130_000, 7_300_000].map((ms) => ageWords(ms, t)), ["", "0.1 s", "9.9 s", "10 s", "2 min", "2 h"]);
  assert.equal(ageOf({ pictureMs: null, distance: 1, nowMs: 5 }), null);
  assert.equal(ageOf({ pictureMs: 1_000, distance: 0.1, nowMs: 1_050 }), 150);
  assert.equal(reasonWords({ code: "timeout", seconds: 5 }, t), "no answer in 5 s");
  assert.equal(reasonWords({ code: "new" }, t), "fault new");
  assert.equal(reasonWords(null, t), "");
});

// --- the pipe ------------------------------------------------------------------------------------------------------------

class Buffer extends EventTarget {
  updating = false;
  mode = "";
  timestampOffset = 0;
  ranges = [];
  log = [];
  quota = false;

  get buffered() {
    const { ranges } = this;
    return { length: ranges.length, start: (n) => ranges[n][0], end: (n) => ranges[n][1] };
  }

  appendBuffer(data) {
    if (this.quota) { this.quota = false; throw Object.assign(new Error("full"), { name: "QuotaExceededError" }); }
    this.log.push(data);
    this.updating = true;
  }

  remove(from, until) { this.log.push(`remove ${from}-${until}`); this.ranges = [[until, this.ranges.at(-1)[1]]]; this.updating = true; }
  changeType(mime) { this.log.push(`type ${mime}`); }
  abort() { this.log.push("abort"); }

  done(range = null) {
    if (range) this.ranges = [range];
    this.updating = false;
    this.dispatchEvent(new Event("updateend"));
  }
}

class Source extends EventTarget {
  static isTypeSupported = (mime) => !mime.includes("hvc1");
  static all = [];
  readyState = "closed";
  constructor() { super(); Source.all.push(this); }
  addSourceBuffer(mime) { this.mime = mime; this.buffer = new Buffer(); return this.buffer; }
  open() { this.readyState = "open"; this.dispatchEvent(new Event("sourceopen")); return this.buffer; }
}

class Video extends EventTarget {
  currentTime = 0;
  playbackRate = 1;
  paused = true;
  frames = 0;
  play() { this.paused = false; return Promise.resolve(); }
  load() { this.loads = (this.loads ?? 0) + 1; }
  removeAttribute(name) { if (name === "src") this.src = ""; }
  getVideoPlaybackQuality() { return { totalVideoFrames: this.frames }; }
}

function openPipe() {
  const video = new Video();
  const addresses = { made: 0, freed: 0, make() { this.made += 1; return `blob:${this.made}`; }, free() { this.freed += 1; } };
  const broken = [];
  const pipe = mediaPipe(video, { onBroken: (why) => broken.push(why), MediaSource: Source, address: addresses });
  const source = Source.all.at(-1);
  return { video, addresses, broken, pipe, source, start: () => { pipe.track(MIME, { restart: true }); return source.open(); } };
}

const piece = (size = 10) => new ArrayBuffer(size);

test("fragments are appended one after another, and the picture is held near the newest", () => {
  const { pipe, start, video } = openPipe();
  const buffer = start();
  const [init, one, two] = [piece(), piece(), piece()];
  for (const data of [init, one, two]) pipe.append(data);
  assert.deepEqual(buffer.log, [init]);
  buffer.done([0, 5]);
  assert.deepEqual(buffer.log.map((data) => data.byteLength), [10, 20]); // what waited goes in together
  assert.equal(buffer.mode, "segments");
  pipe.hold();
  assert.equal(video.currentTime, 4.88);
  assert.equal(video.paused, false);
  buffer.done([0, 5.5]);
  assert.ok(Math.abs(pipe.hold() - 0.62) < 1e-9);
  assert.equal(video.playbackRate, 1.05);
});

test("a new connection goes on where the old one ended, another codec changes the type", () => {
  const { pipe, start } = openPipe();
  const buffer = start();
  pipe.append(piece());
  buffer.done([0, 7.5]);
  pipe.track('video/mp4; codecs="avc1.640028"', { restart: true });
  pipe.append(piece());
  assert.equal(buffer.timestampOffset, 7.5);
  assert.deepEqual(buffer.log.filter((line) => typeof line === "string"), ['type video/mp4; codecs="avc1.640028"', "abort"]);
});

test("hours of pictures take the memory of seconds", () => {
  const { pipe, start, video, broken } = openPipe();
  const buffer = start();
  let longest = 0;
  for (let second = 1; second <= 3 * 3600; second += 1) {
    buffer.log = [];
    pipe.append(piece());
    video.currentTime = second - 0.1;
    buffer.done([buffer.ranges[0]?.[0] ?? 0, second]);
    if (buffer.updating) buffer.done();
    longest = Math.max(longest, second - buffer.ranges[0][0]);
    assert.equal(pipe.pending(), 0);
  }
  assert.ok(longest < 14, `${longest} s kept`);
  assert.deepEqual(broken, []);
});

test("a full buffer forgets what was shown and appends again; one that stays full is given up", () => {
  const { pipe, start, video, broken, addresses } = openPipe();
  const buffer = start();
  pipe.append(piece());
  video.currentTime = 9;
  buffer.done([0, 9.5]);
  buffer.quota = true;
  const data = piece();
  pipe.append(data);
  assert.equal(buffer.log.at(-1), "remove 0-8.5");
  buffer.done();
  assert.equal(buffer.log.at(-1), data);
  buffer.done();
  video.currentTime = 8.6;
  buffer.quota = true;
  pipe.append(piece());
  assert.deepEqual(broken, ["QuotaExceededError"]);
  assert.deepEqual([addresses.made, addresses.freed, video.src], [1, 1, ""]);
});

test("a browser that takes nothing, or cannot play it, ends the pipe instead of filling memory", () => {
  const stuck = openPipe();
  stuck.start();
  for (let n = 0; n < 2_500; n += 1) stuck.pipe.append(piece());
  assert.deepEqual(stuck.broken, ["queue"]);
  assert.equal(stuck.pipe.pending(), 0);
  const large = openPipe();
  for (let n = 0; n < 5; n += 1) large.pipe.append(piece(4 << 20));
  assert.deepEqual(large.broken, ["queue"]);
  const foreign = openPipe();
  foreign.pipe.track('video/mp4; codecs="hvc1.1.6.L93"', { restart: true });
  assert.equal(foreign.broken.length, 1);
  const failing = openPipe();
  failing.video.error = { message: "PIPELINE_ERROR_DECODE" };
  failing.start();
  failing.video.dispatchEvent(new Event("error"));
  failing.pipe.append(piece());
  assert.deepEqual(failing.broken, ["PIPELINE_ERROR_DECODE"]);
});

// --- the tile ------------------------------------------------------------------------------------------------------------

class Line {
  static all = [];
  sent = [];
  isClosed = false;
  constructor(address) { this.address = address; Line.all.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.isClosed = true; }
  say(type, fields = {}) { this.onmessage?.({ data: JSON.stringify({ type, ...fields }) }); }
  picture() { this.onmessage?.({ data: piece() }); }
  end() { this.isClosed = true; this.onclose?.({}); }
}

/** A clock one turns by hand. */
function handClock() {
  let ms = 1_000;
  let number = 0;
  const due = new Map();
  const at = (pause, work, again) => { due.set(number += 1, { ms: ms + pause, work, again: again ? pause : null }); return number; };
  const timers = { setTimeout: (work, pause) => at(pause, work, false), setInterval: (work, pause) => at(pause, work, true),
    clearTimeout: (id) => due.delete(id), clearInterval: (id) => due.delete(id) };
  async function pass(span) {
    const until = ms + span;
    for (;;) {
      const [id, next] = [...due].filter(([, one]) => one.ms <= until).sort((a, b) => a[1].ms - b[1].ms)[0] ?? [];
      if (!next) break;
      ms = next.ms;
      if (next.again == null) due.delete(id); else next.ms += next.again;
      next.work();
      for (let turn = 0; turn < 4; turn += 1) await null;
    }
    ms = until;
  }
  /** The page is busy: time passes, nothing runs, and then everything that was due runs once. */
  async function skip(span) {
    ms += span;
    for (const one of due.values()) one.ms = Math.max(one.ms, ms);
    await pass(0);
  }
  return { timers, pass, skip, now: () => ms, waiting: () => due.size };
}

async function tile(changed = {}) {
  Line.all = [];
  const clock = handClock();
  const views = [];
  const tickets = [];
  const pipes = [];
  const video = new Video();
  const live = liveVideo(video, { camera: "hall-1", stream: "sub", t, random: () => 0.5, now: clock.now, timers: clock.timers, WebSocket: Line,
    onChange: (view) => views.push(view),
    ticket: async (fresh) => { tickets.push(fresh); return { address: "ws://x:9", ticket: `T${tickets.length}` }; },
    pipe: (_video, { onBroken }) => {
      const pipe = { log: [], onBroken, track: (mime, how) => pipe.log.push([mime, how.restart]), append: () => pipe.log.push("piece"), hold: () => 0.1,
        close: () => pipe.log.push("close") };
      pipes.push(pipe);
      return pipe;
    }, ...changed });
  live.start();
  await clock.pass(0);
  const line = () => Line.all.at(-1);
  const begin = () => {
    line().say("hello", { state: "live", reason: null, since_ms: 0, server_ms: 0, expires_ms: 100_000 });
    line().say("track", { serial: 1, mime: MIME, width: 640, height: 360, transcoded: false, masked: false });
    line().picture();
    video.frames += 1;
  };
  return { live, clock, views, tickets, pipes, video, line, begin, view: () => views.at(-1) };
}

test("a tile dials with its ticket, plays, and says how old its picture is", async () => {
  const { line, begin, view, pipes, clock } = await tile();
  assert.equal(line().address, "ws://x:9/live/hall-1/sub?ticket=T1");
  begin();
  assert.deepEqual(pipes[0].log, [[MIME, true], "piece"]);
  await clock.pass(200);
  assert.equal(view().state, "live");
  assert.equal(view().size, "640×360");
  assert.equal(view().age, 300);
});

test("what arrived but was never painted is not called live", async () => {
  const { line, begin, view, clock, video } = await tile();
  begin();
  video.frames = 0;
  await clock.pass(2_000);
  line().picture();
  assert.deepEqual([view().state, view().age], ["connecting", null]);
  video.frames = 3;
  await clock.pass(400);
  assert.equal(view().state, "live");
  for (let n = 0; n < 4; n += 1) { line().picture(); line().say("age", { age_ms: 5, state: "live" }); await clock.pass(1_000); }
  assert.equal(view().state, "stalled");
});

test("a camera that goes is said at once with its reason, and its last picture keeps its age", async () => {
  const { line, begin, view, clock } = await tile();
  begin();
  await clock.pass(200);
  line().say("state", { state: "stalled", reason: { code: "timeout", seconds: 5 } });
  assert.equal(view().state, "stalled");
  assert.equal(view().reason, "no answer in 5 s");
  line().say("state", { state: "offline", reason: { code: "timeout", seconds: 5 } });
  for (let n = 0; n < 5; n += 1) { await clock.pass(1_000); line().say("age", { age_ms: 1_000 * (n + 1), server_ms: 0, state: "offline" }); }
  assert.equal(view().state, "offline");
  assert.ok(view().age >= 5_000);
});

test("a line that says nothing is hung up in six seconds and dialled again with growing pauses", async () => {
  const { begin, clock, view } = await tile();
  begin();
  const first = Line.all[0];
  await clock.pass(4_000);
  assert.equal(view().state, "stalled");
  await clock.pass(2_400);
  assert.equal(first.isClosed, true);
  await clock.pass(600);
  assert.equal(Line.all.length, 2);
  for (let n = 0; n < 3; n += 1) Line.all.at(-1).end();
  await clock.pass(900);
  assert.equal(Line.all.length, 2);
  await clock.pass(200);
  assert.equal(Line.all.length, 3);
});

test("a page that was held up for ten seconds blames nobody for it", async () => {
  const { begin, clock } = await tile();
  begin();
  await clock.skip(10_000);
  assert.equal(Line.all[0].isClosed, false);
  await clock.pass(6_500);
  assert.equal(Line.all[0].isClosed, true);
});

test("after a new connection the picture goes on in the same pipe", async () => {
  const { line, begin, clock, pipes } = await tile();
  begin();
  line().end();
  await clock.pass(600);
  begin();
  assert.equal(pipes.length, 1);
  assert.deepEqual(pipes[0].log, [[MIME, true], "piece", [MIME, true], "piece"]);
  line().say("track", { serial: 2, mime: MIME, width: 320, height: 180, transcoded: true, masked: true });
  assert.deepEqual(pipes[0].log.at(-1), [MIME, false]);
});

test("a ticket is renewed before it ends; one refused is fetched anew", async () => {
  const { line, begin, clock, tickets, view, video } = await tile();
  begin();
  for (let n = 0; n < 71; n += 1) { video.frames += 15; await clock.pass(1_000); line().say("age", { age_ms: 10, server_ms: 0, state: "live" }); line().picture(); }
  assert.deepEqual(tickets, [false, true]);
  assert.deepEqual(line().sent, [{ type: "renew", ticket: "T2" }]);
  line().say("end", { code: "video_ticket_expired", details: {} });
  line().end();
  assert.equal(view().reason, "");
  await clock.pass(600);
  assert.deepEqual(tickets, [false, true, true]);
  assert.equal(Line.all.length, 2);
});

test("a full house is asked again when it says so", async () => {
  const { line, clock } = await tile();
  line().say("end", { code: "video_viewers_full", details: { retry_after: 20 } });
  line().end();
  await clock.pass(19_000);
  assert.equal(Line.all.length, 1);
  await clock.pass(7_000);
  assert.equal(Line.all.length, 2);
});

test("no ticket is a reason in words, and is asked for again", async () => {
  let times = 0;
  const { view, clock } = await tile({ ticket: async () => { times += 1; throw Object.assign(new Error("x"), { code: "video_unreachable" }); } });
  assert.equal(view().reason, "away");
  assert.equal(view().state, "connecting");
  await clock.pass(5_000);
  assert.ok(times > 2 && times < 6, `${times}`);
});

test("a decoder that paints nothing for eight seconds is replaced", async () => {
  const { line, begin, clock, pipes, video } = await tile();
  begin();
  for (let n = 0; n < 4; n += 1) { video.frames += 10; await clock.pass(1_000); line().picture(); line().say("age", { age_ms: 1, state: "live" }); }
  assert.equal(pipes[0].log.includes("close"), false);
  for (let n = 0; n < 10; n += 1) { await clock.pass(1_000); line().picture(); line().say("age", { age_ms: 1, state: "live" }); }
  assert.equal(pipes[0].log.at(-1), "close");
});

test("a hidden tile stops: no line, no timer, no buffer; and begins again when it is seen", async () => {
  const { live, line, begin, clock, pipes } = await tile();
  begin();
  live.stop();
  live.stop();
  assert.equal(line().isClosed, true);
  assert.equal(pipes[0].log.at(-1), "close");
  assert.equal(clock.waiting(), 0);
  line().picture();
  await clock.pass(60_000);
  assert.equal(Line.all.length, 1);
  live.start();
  await clock.pass(0);
  assert.equal(Line.all.length, 2);
});

test("stopped while the ticket is on its way, it does not dial", async () => {
  let give;
  const { live, clock } = await tile({ ticket: () => new Promise((resolve) => { give = resolve; }) });
  live.stop();
  give({ address: "ws://x:9", ticket: "late" });
  await clock.pass(1_000);
  assert.equal(Line.all.length, 0);
});

test("what is no message of the protocol changes nothing", async () => {
  const { line, begin, view } = await tile();
  begin();
  const before = view();
  for (const text of ["", "{", "null", "7", '{"type":"constructor"}', '{"type":"news"}']) line().onmessage({ data: text });
  assert.equal(view(), before);
});
