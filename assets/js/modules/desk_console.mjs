/**
 * The duty desk: one state (filter, position, marked cards, answers), keys and clicks that change it, and the panes that show
 * it. Nothing is shown as done before the server has said so; a refusal stands at its card.
 */

import { instant, span } from "./format.mjs";
import { actPane } from "./desk_act.mjs";
import { floodBanner } from "./desk_banner.mjs";
import { commander, emitterOf, newId, orderer, outcome } from "./desk_commands.mjs";
import { cardAddress, caseAddress, deskDetail } from "./desk_detail.mjs";
import { deskFilters } from "./desk_filters.mjs";
import { floodOf, folded, groupOf } from "./desk_flood.mjs";
import { helpSheet } from "./desk_help.mjs";
import { deskKeys } from "./desk_keys.mjs";
import { deskList } from "./desk_list.mjs";
import { askedCard, deskMemory } from "./desk_memory.mjs";
import { pendingCards } from "./desk_pending.mjs";
import { storyOf } from "./desk_story.mjs";
import { NO_FILTER, departments, listed, nextWaiting, revisions, standing, stepFrom, tabTitle, tally, viewCounts } from "./desk_view.mjs";
import { isToConfirm } from "./card_axes.mjs";
import { setText, toggle } from "./keyed_list.mjs";
import { needsAck } from "./live_state.mjs";
import { read } from "./server_clock.mjs";
import { spoken, spokenAnswer } from "./spoken.mjs";

const TICK_MS = 5_000;
const MINUTE_MS = 60_000;
const STILL_HERE_MS = 300_000;
const SHELF_FIELD = "until";

/** @param {HTMLElement} root the frame laid out by dashboard/pages/desk.py */
export function mount(root, { store, t, now, clock, every, socket, onFault }) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const memory = deskMemory(globalThis.sessionStorage ?? null);
  const kept = memory.read();
  const desk = {
    filter: { ...NO_FILTER, ...kept.filter }, selected: askedCard(location.search) ?? kept.selected ?? null, index: 0,
    auto: askedCard(location.search) == null && kept.auto !== false, checked: new Set(kept.checked), opened: new Set(kept.opened),
    sending: new Set(), served: new Set(), answers: new Map(), cards: [], folds: new Map(), flood: { count: 0, groups: [] }, toldAt: now(),
  };
  const me = JSON.parse(root.dataset.me);
  const rules = JSON.parse(root.dataset.rules);
  const title = document.title;
  const serverNow = () => read(clock(), now());
  const around = () => ({ me, nowMs: serverNow() });
  const patience = { wait: (ms) => new Promise((done) => setTimeout(done, ms)), newId, onRetry: () => say(t("desk.done.retrying"), "waiting") };
  const send = commander({ emit: emitterOf(socket), ...patience });
  const order = orderer({ ask: (...args) => fetch(...args), csrf: () => document.querySelector(".topbar-person button")?.value ?? "", ...patience });

  const { language } = store.get();
  const pending = pendingCards({ fetch: (...args) => fetch(...args), every, onChange: () => draw(), onFault, language });
  const everyCard = () => pending.beside(store.get().cards);
  const find = (id) => store.get().cards.get(id) ?? pending.get(id);

  const list = deskList(part("list"), { t, onSelect: select, onOpen: open, onCheck: check });
  const detail = deskDetail(part("detail"), { t, serverNow, history });
  const filters = deskFilters(part("filters"), { t, first: desk.filter, onChange: (filter) => { desk.filter = filter; draw(); } });
  const banner = floodBanner(part("flood"), { t, minutes: rules.flood.minutes, onToggle: fold });
  const help = helpSheet(part("help"), { t, onClose: toList });
  const act = actPane(part("act"), { t, me, places: JSON.parse(root.dataset.places), limits: rules.until, onCommand: command, onCancel: toList, say });

  function draw() {
    pending.count(store.get().counts?.to_confirm);
    const all = everyCard();
    desk.flood = floodOf(all, serverNow(), rules.flood);
    const shown = folded(listed(all, desk.filter, around()), desk.flood.groups, desk.opened);
    desk.cards = shown.cards;
    desk.folds = shown.folds;
    if (store.get().loaded) { forgetGone(); stepOn(); }
    const current = standing(desk.cards, desk.selected, desk.index);
    desk.selected = current?.id ?? desk.selected;
    desk.index = Math.max(0, desk.cards.indexOf(current));
    drawList(current);
    detail.render(current, desk.answers.get(current?.id));
    filters.render(tally(all), departments(all), countShown(), viewCounts(all, around()));
    banner.render(desk.flood, desk.opened);
    drawOldest(tally(all));
    act.render(chosen(), desk.sending.size > 0);
    memory.keep(desk);
  }

  const countShown = () => desk.cards.length + [...desk.folds.values()].reduce((sum, members) => sum + members.length - 1, 0);

  function drawList(current) {
    const at = serverNow();
    const minute = at == null ? null : Math.floor(at / MINUTE_MS);
    list.render(desk.cards.map((card) => ({ card, minute, serverNow: at, selected: card.id === desk.selected, fold: desk.folds.get(card.id),
      answer: desk.answers.get(card.id), checked: desk.checked.has(card.id), sending: desk.sending.has(card.id) })));
    part("list").setAttribute("aria-activedescendant", current ? `card-${current.id}` : "");
    toggle(part("empty"), "is-shown", store.get().loaded && desk.cards.length === 0);
    setText(part("empty"), everyCard().length === 0 ? t("desk.list.calm") : t("desk.list.filtered"));
  }

  function drawOldest({ waiting, oldest }) {
    const at = serverNow();
    const since = instant(oldest);
    const words = since == null || at == null ? "" : span(at - since, t);
    setText(part("oldest"), words || "—");
    setText(part("unsigned"), String(waiting));
    const wanted = tabTitle(title, waiting, words);
    if (document.title !== wanted) document.title = wanted;
  }

  function forgetGone() {
    for (const id of desk.checked) if (!find(id)) desk.checked.delete(id);
    for (const [id, answer] of desk.answers) if (!find(id) || find(id).rev > answer.rev + 1) desk.answers.delete(id);
  }

  /**
   * When one's own command has arrived, or somebody else signed the card the desk had chosen by itself, the place in the
   * list stays and the next card moves up to it. A card that a person chose stays chosen wherever it goes.
   */
  function stepOn() {
    const card = find(desk.selected);
    const mayLeave = desk.auto || desk.served.has(desk.selected);
    if (!mayLeave || (card && isWaiting(card))) return;
    desk.served.delete(desk.selected);
    desk.selected = null;
    desk.auto = true;
  }

  /** Waits for somebody to do something about it at all; what is half signed waits for another person. */
  const isWaiting = (card) => (needsAck(card) === 1 && !(desk.served.has(card.id) && card.first)) || isToConfirm(card);

  /** What a command would serve: the marked cards, else the one that one stands on, with all that are folded onto it. */
  function chosen() {
    const marked = listed(everyCard().filter((card) => desk.checked.has(card.id)), NO_FILTER);
    if (marked.length > 0) return marked;
    return desk.folds.get(desk.selected) ?? desk.cards.filter((card) => card.id === desk.selected);
  }

  function select(id) {
    desk.selected = id;
    desk.auto = false;
    draw();
    list.reveal(desk.cards[desk.index]);
  }

  function check(id) {
    const ids = (desk.folds.get(id) ?? [{ id }]).map((card) => card.id);
    const isOn = desk.checked.has(id);
    for (const one of ids) if (isOn) desk.checked.delete(one); else desk.checked.add(one);
    select(id);
  }

  function checkAll() {
    const shown = desk.cards.flatMap((card) => desk.folds.get(card.id) ?? [card]);
    const waiting = revisions(shown).map(({ id }) => id);
    const wanted = waiting.length > 0 ? waiting : shown.map(({ id }) => id);
    const all = wanted.every((id) => desk.checked.has(id));
    desk.checked = new Set(all ? [] : wanted);
    draw();
  }

  function fold(key) {
    if (!desk.opened.delete(key)) desk.opened.add(key);
    draw();
  }

  function foldHere() {
    const group = groupOf(find(desk.selected), desk.flood.groups);
    if (group) fold(group.key);
    else if (desk.flood.groups.length > 0) fold(desk.flood.groups[0].key);
  }

  function open(id, address = cardAddress) {
    const card = desk.cards.find((one) => one.id === id);
    if (card) location.assign(address(card));
  }

  /** @param {() => void} onTaken called when the server did all of it: what was written need not be kept */
  async function command(asked, action, onTaken) {
    const ids = asked.cards.map(({ id }) => id);
    const what = t(`desk.command.${action.name}`);
    ids.forEach((id) => { desk.sending.add(id); desk.answers.delete(id); });
    say(t("desk.done.sending", { what, n: ids.length }), "waiting");
    draw();
    const answer = await (action.name === "dispatch" ? order(asked) : send({ ...asked, ...instantOf(asked) }));
    ids.forEach((id) => { desk.sending.delete(id); desk.checked.delete(id); });
    if (take(answer, what, asked.cards) === "done") onTaken();
    pending.ask();
    detail.refresh();
    draw();
    toList();
  }

  /** Minutes on the form are an instant of the server's clock on the wire. */
  function instantOf(asked) {
    if (!(SHELF_FIELD in asked)) return {};
    return { [SHELF_FIELD]: new Date(serverNow() + Number(asked[SHELF_FIELD]) * MINUTE_MS).toISOString() };
  }

  function take(answer, what, refs) {
    const { words, refused, tone } = outcome(spokenAnswer(answer, language), what, t);
    const revs = new Map(refs.map(({ id, rev }) => [id, rev]));
    for (const { id, words: why } of refused) desk.answers.set(id, { words: t("desk.done.not_done", { what, why }), tone: "refused", rev: revs.get(id) });
    const failed = new Set(refused.map(({ id }) => id));
    for (const { id } of refs) if (tone === "done" || (answer?.results && !failed.has(id))) desk.served.add(id);
    say(words, tone);
    return tone;
  }

  function say(words, tone) {
    const box = part("said");
    setText(box, words);
    box.dataset.tone = tone;
  }

  function toList() { part("list").focus({ preventScroll: true }); }

  function leave() {
    desk.checked.clear();
    desk.answers.delete(desk.selected);
    say("", "");
    draw();
  }

  const step = (steps) => { const card = stepFrom(desk.cards, desk.selected, steps); if (card) select(card.id); };
  const unbind = deskKeys(document, {
    step, toList, leave, checkAll, foldHere, help: () => help.open(), search: () => filters.focus(), view: (digit) => filters.number(digit),
    closeForm: () => act.close(), command: (key) => act.key(key), isBusy: () => help.isOpen,
    next: () => { const card = nextWaiting(desk.cards, desk.selected); if (card) select(card.id); },
    mark: () => desk.selected != null && check(desk.selected), open: () => open(desk.selected),
    openCase: () => open(desk.selected, (card) => (card.case_no ? caseAddress(card) : cardAddress(card))),
  });

  async function history(id) {
    const answer = await fetch(`/api/v1/cards/${id}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const { history: told } = await answer.json();
    return storyOf(told.map((change) => ({ ...change, card: spoken(change.card, language) })));
  }

  /** Somebody works here: the session must not end under his hands although the page itself asks nothing. */
  function stillHere() {
    if (now() - desk.toldAt < STILL_HERE_MS) return;
    desk.toldAt = now();
    fetch("/session/").then((answer) => { if (answer.status === 401) location.reload(); }, () => { desk.toldAt = -Infinity; });
  }

  for (const name of ["keydown", "pointerdown"]) document.addEventListener(name, stillHere);
  part("all")?.addEventListener("click", checkAll);
  part("help-open")?.addEventListener("click", () => help.open());
  const unsubscribe = store.subscribe(draw);
  const stop = every(TICK_MS, draw);
  toList();
  return () => { unsubscribe(); stop(); unbind(); pending.stop();
    for (const name of ["keydown", "pointerdown"]) document.removeEventListener(name, stillHere); };
}
