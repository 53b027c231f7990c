/**
 * The voice of the room. Of all its screens one speaks; it asks for that every few seconds, so that another takes over when it
 * falls silent. The sounds come from the server. Whether sound is on, who speaks and whether the horn is silenced is always seen.
 */

import { setText, toggle } from "./keyed_list.mjs";
import { next, silentRoom, withNews } from "./room_plan.mjs";

const ASK_EVERY_MS = 5_000;
const TICK_MS = 500;
const ANSWER_WITHIN_MS = 4_000;
const SOUNDS_KEPT = 40;

/** The addresses of a sound, to be played one after the other. Pure. */
export function addressesOf(sound) {
  const tone = (level) => `/wall/sound/tone-${level}.wav`;
  if (sound.kind === "tone") return [tone(sound.level)];
  if (sound.kind === "card") return [tone(sound.level), `/wall/sound/card-${sound.id}-${sound.rev}.wav`];
  return [tone(sound.red > 0 ? "red" : "yellow"), `/wall/sound/flood-${sound.red}-${sound.yellow}.wav`];
}

/** What stands beside 声音. Pure. @returns {{text: string, look: ""|"is-off"|"is-silenced"}} */
export function soundWords({ isOn, speaks, by, silentMs, silencedBy, isMute }, t) {
  if (!isOn) return { text: t("wall.sound.off"), look: "is-off" };
  if (silentMs > 0) return { text: t("wall.sound.silenced", { left: minutes(silentMs), by: silencedBy }), look: "is-silenced" };
  if (speaks) return { text: t(isMute ? "wall.sound.mute_voice" : "wall.sound.speaks"), look: "" };
  return { text: by ? t("wall.sound.by", { screen: by }) : t("wall.sound.nobody"), look: "" };
}

function minutes(ms) {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** @param {HTMLElement} root with part sound */
export function mount(root, { store, t, now, socket, arrivals, every, onFault, makePlayer = webAudioPlayer }) {
  const badge = root.querySelector("[data-part=sound]");
  const roomName = new URLSearchParams(location.search).get("room") || "main";
  const player = makePlayer(onFault);
  let room = silentRoom();
  let post = { speaks: false, by: "" };
  let silentUntilMs = -Infinity;
  let askedAtMs = -Infinity;
  let wasSilenced = false;

  function ask() {
    askedAtMs = now();
    socket.timeout(ANSWER_WITHIN_MS).emit("audio", { room: roomName, ready: player.isOn() }, (failure, answer) => {
      if (failure || !answer) { post = { speaks: false, by: "" }; return; }
      post = { speaks: answer.speaks && player.isOn(), by: answer.by };
      silentUntilMs = answer.silent_ms > 0 ? now() + answer.silent_ms : -Infinity;
    });
  }

  function silenceOf(state) {
    return state.room?.silences?.find((silence) => silence.room === roomName) ?? null;
  }

  function tick() {
    const state = store.get();
    const silence = silenceOf(state);
    if (Boolean(silence) !== wasSilenced || now() - askedAtMs >= ASK_EVERY_MS) { wasSilenced = Boolean(silence); ask(); }
    const silent = Boolean(silence) || silentUntilMs > now();
    if (silent) player.stop();
    const plan = next(room, { cards: state.cards, nowMs: now(), speaks: post.speaks && socket.connected, silent, busy: player.isBusy() });
    room = plan.room;
    if (plan.sound) { player.play(addressesOf(plan.sound)); root.dataset.heard = `${Number(root.dataset.heard ?? 0) + 1}`; }
    draw(silence);
  }

  function draw(silence) {
    const words = soundWords({ isOn: player.isOn(), speaks: post.speaks, by: post.by, silentMs: silence ? Math.max(1, silentUntilMs - now()) : 0,
      silencedBy: silence?.by ?? "", isMute: player.isMute() }, t);
    setText(badge, words.text);
    for (const look of ["is-off", "is-silenced"]) toggle(badge, look, words.look === look);
    root.dataset.speaks = String(post.speaks);
  }

  const leave = arrivals.subscribe((cards) => { room = withNews(room, cards, now()); });
  const stop = every(TICK_MS, tick);
  return () => { leave(); stop(); player.close(); };
}

/** The line is cut: the page says so elsewhere, and it is no fault of the sound. */
const lost = () => null;

/** Plays WAV files of this server one after the other. A sentence that cannot be had leaves the tone. */
export function webAudioPlayer(onFault) {
  const context = new AudioContext();
  const known = new Map();
  const controls = new AbortController();
  let playing = null;
  let line = 0;
  let mute = false;
  const wake = () => { if (context.state === "suspended") context.resume().catch(() => {}); };
  for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, wake, { signal: controls.signal });
  wake();

  async function sound(address) {
    if (!known.has(address)) {
      const answer = await fetch(address).catch(lost);
      if (!answer) return null;
      if (!answer.ok) { mute = mute || !address.includes("/tone-"); return null; }
      if (!address.includes("/tone-")) mute = false;
      const bytes = await answer.arrayBuffer().catch(lost);
      if (!bytes) return null;
      known.set(address, await context.decodeAudioData(bytes));
      if (known.size > SOUNDS_KEPT) known.delete(known.keys().next().value);
    }
    return known.get(address);
  }

  async function play(addresses) {
    const mine = line += 1;
    playing = {};
    try {
      for (const address of addresses) {
        const buffer = await sound(address);
        if (mine !== line) return;
        if (buffer) await heard(buffer);
        if (mine !== line) return;
      }
    } catch (fault) { onFault(fault); }
    if (mine === line) playing = null;
  }

  function heard(buffer) {
    return new Promise((done) => {
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(context.destination);
      source.onended = done;
      playing = source;
      source.start();
    });
  }

  function stop() {
    line += 1;
    playing?.stop?.();
    playing = null;
  }

  return { isOn: () => context.state === "running", isBusy: () => playing !== null, isMute: () => mute, play, stop,
    close: () => { stop(); controls.abort(); context.close(); } };
}
