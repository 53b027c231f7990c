/**
 * The duty desk: one state (filter, position, marked cards), keys and clicks that change it, and the panes that show it.
 * Nothing is shown as signed before the server has said so.
 */

import { instant, span } from "./format.mjs";
import { commander, emitterOf, newId, outcome } from "./desk_commands.mjs";
import { caseAddress, deskDetail } from "./desk_detail.mjs";
import { deskFilters } from "./desk_filters.mjs";
import { deskList } from "./desk_list.mjs";
import { signForm } from "./desk_sign.mjs";
import { storyOf } from "./desk_story.mjs";
import { NO_FILTER, departments, listed, revisions, standing, stepFrom, tally } from "./desk_view.mjs";
import { setText, toggle } from "./keyed_list.mjs";
import { needsAck } from "./live_state.mjs";
import { read } from "./server_clock.mjs";

const TICK_MS = 5_000;
const MINUTE_MS = 60_000;
const PAGE_STEPS = 10;
const STILL_HERE_MS = 300_000;

/** @param {HTMLElement} root the frame laid out by dashboard/pages/desk.py */
export function mount(root, { store, t, now, clock, every, socket }) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const desk = { filter: NO_FILTER, selected: null, index: 0, checked: new Set(), sending: new Set(), signed: new Set(), auto: true, cards: [], toldAt: now() };
  const mayAcknowledge = root.dataset.mayAcknowledge === "true";
  const serverNow = () => read(clock(), now());
  const send = commander({ emit: emitterOf(socket), wait: (ms) => new Promise((done) => setTimeout(done, ms)), newId,
    onRetry: () => say(t("desk.done.retrying"), "waiting") });

  const list = deskList(part("list"), { t, onSelect: select, onOpen: open, onCheck: check });
  const detail = deskDetail(part("detail"), { t, serverNow, history });
  const filters = deskFilters(part("filters"), { t, onChange: (filter) => { desk.filter = filter; draw(); } });
  const sign = signForm(part("sign"), { t, mayAcknowledge, onSign: acknowledge, onCancel: () => part("list").focus({ preventScroll: true }) });

  function draw() {
    const cards = [...store.get().cards.values()];
    desk.cards = listed(cards, desk.filter);
    forgetGone(store.get().cards);
    stepOn(store.get().cards);
    const current = standing(desk.cards, desk.selected, desk.index);
    desk.selected = current?.id ?? null;
    desk.index = Math.max(0, desk.cards.indexOf(current));
    drawList(current);
    detail.render(current);
    filters.render(tally(cards), departments(cards), desk.cards.length);
    drawOldest(tally(cards).oldest);
    sign.render(chosen(), desk.sending.size > 0);
  }

  function drawList(current) {
    const at = serverNow();
    const minute = at == null ? null : Math.floor(at / MINUTE_MS);
    list.render(desk.cards.map((card) => ({ card, minute, serverNow: at, selected: card.id === desk.selected,
      checked: desk.checked.has(card.id), sending: desk.sending.has(card.id) })));
    part("list").setAttribute("aria-activedescendant", current ? `card-${current.id}` : "");
    toggle(part("empty"), "is-shown", store.get().loaded && desk.cards.length === 0);
    setText(part("empty"), store.get().cards.size === 0 ? t("desk.list.calm") : t("desk.list.filtered"));
  }

  function drawOldest(oldest) {
    const at = serverNow();
    const since = instant(oldest);
    setText(part("oldest"), since == null || at == null ? "—" : span(at - since, t));
  }

  function forgetGone(cards) {
    for (const id of desk.checked) if (!cards.has(id)) desk.checked.delete(id);
  }

  /**
   * When one's own signature has arrived, or somebody else signed the card the desk had chosen by itself, the place in the
   * list stays and the next card moves up to it. A card that a person chose stays chosen wherever it goes.
   */
  function stepOn(cards) {
    const card = cards.get(desk.selected);
    const mayLeave = desk.auto || desk.signed.has(desk.selected);
    if (!mayLeave || (card && needsAck(card) === 1)) return;
    desk.signed.delete(desk.selected);
    desk.selected = null;
    desk.auto = true;
  }

  /** What a command would sign: the marked cards, else the one that one stands on. */
  function chosen() {
    const marked = desk.cards.filter((card) => desk.checked.has(card.id));
    if (marked.length > 0) return marked;
    return desk.cards.filter((card) => card.id === desk.selected);
  }

  function select(id) {
    desk.selected = id;
    desk.auto = false;
    draw();
    list.reveal(desk.cards[desk.index]);
  }

  function check(id) {
    if (!desk.checked.delete(id)) desk.checked.add(id);
    select(id);
  }

  function checkAll() {
    const waiting = revisions(desk.cards).map(({ id }) => id);
    const all = waiting.every((id) => desk.checked.has(id));
    desk.checked = new Set(all ? [] : waiting);
    draw();
  }

  function open(id) {
    const card = desk.cards.find((one) => one.id === id);
    if (card) location.assign(caseAddress(card));
  }

  async function acknowledge(cards, comment) {
    const ids = cards.map(({ id }) => id);
    ids.forEach((id) => desk.sending.add(id));
    say(t("desk.done.sending", { n: ids.length }), "waiting");
    draw();
    const answer = await send({ type: "acknowledge", cards, comment });
    ids.forEach((id) => { desk.sending.delete(id); desk.checked.delete(id); });
    if (answer?.ok) desk.signed = new Set(ids);
    const { words, refused, signed } = outcome(answer, t);
    say(words, refused.length > 0 || signed === 0 ? "refused" : "done");
    detail.refresh();
    draw();
    part("list").focus({ preventScroll: true });
  }

  function say(words, tone) {
    const box = part("said");
    setText(box, words);
    box.dataset.tone = tone;
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, textarea, select, button, a");
    if (typing) { if (event.key === "Escape") { sign.close(); part("list").focus({ preventScroll: true }); } return; }
    const action = KEYS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  const move = (steps) => () => { const card = stepFrom(desk.cards, desk.selected, steps); if (card) select(card.id); };
  const KEYS = {
    ArrowDown: move(1), ArrowUp: move(-1), j: move(1), k: move(-1), PageDown: move(PAGE_STEPS), PageUp: move(-PAGE_STEPS),
    Home: move(-Infinity), End: move(Infinity), Enter: () => open(desk.selected), "/": () => filters.focus(),
    a: () => sign.open(), A: () => sign.open(), " ": () => desk.selected != null && check(desk.selected), "*": checkAll,
    Escape: () => { desk.checked.clear(); draw(); },
  };

  async function history(id) {
    const answer = await fetch(`/api/v1/cards/${id}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return storyOf((await answer.json()).history);
  }

  /** Somebody works here: the session must not end under his hands although the page itself asks nothing. */
  function stillHere() {
    if (now() - desk.toldAt < STILL_HERE_MS) return;
    desk.toldAt = now();
    fetch("/session/").then((answer) => { if (answer.status === 401) location.reload(); }, () => { desk.toldAt = -Infinity; });
  }

  document.addEventListener("keydown", onKey);
  for (const name of ["keydown", "pointerdown"]) document.addEventListener(name, stillHere);
  part("all")?.addEventListener("click", checkAll);
  const unsubscribe = store.subscribe(draw);
  const stop = every(TICK_MS, draw);
  return () => { unsubscribe(); stop(); document.removeEventListener("keydown", onKey);
    for (const name of ["keydown", "pointerdown"]) document.removeEventListener(name, stillHere); };
}
