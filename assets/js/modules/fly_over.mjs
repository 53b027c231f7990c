/** A new card is shown large once, then goes to its place. Not modal; never covers the worst departments; floods are one line. */

import { nameOf } from "./card_axes.mjs";
import { clip } from "./format.mjs";
import { element, mark } from "./keyed_list.mjs";
import { shortNames } from "./live_state.mjs";

const ALONE_MS = 8_000;
const IN_TURN_MS = 4_000;
const MANY_WAIT = 3;
const FLOOD = 10;
const LEAVE_MS = 400;
const TICK_MS = 200;

/**
 * What to show next of the cards that wait. Pure.
 * @returns {{show: {kind: "card", card: object}|{kind: "flood", cards: object[]}, forMs: number, rest: object[]}|null}
 */
export function planFly(waiting, stillActive) {
  const due = waiting.filter(stillActive);
  if (due.length === 0) return null;
  if (due.length > FLOOD) return { show: { kind: "flood", cards: due }, forMs: ALONE_MS, rest: [] };
  const [card, ...rest] = due;
  return { show: { kind: "card", card }, forMs: rest.length > MANY_WAIT ? IN_TURN_MS : ALONE_MS, rest };
}

/** @param {HTMLElement} root an empty place on the wall */
export function mount(root, { store, t, now, arrivals, every }) {
  let waiting = [];
  let until = -Infinity;
  const leave = arrivals.subscribe((cards) => {
    waiting = waiting.concat(cards.filter((card) => card.level !== "warning")).slice(-500);
  });
  const active = (card) => store.get().cards.get(card.id)?.state === "unack";

  function tick() {
    if (now() < until) return;
    const plan = planFly(waiting, active);
    waiting = plan?.rest ?? [];
    if (!plan) { hide(); return; }
    until = now() + plan.forMs;
    root.replaceChildren(plan.show.kind === "flood" ? floodPicture(plan.show.cards, t) : cardPicture(plan.show.card, shortNames(store.get()), t));
    root.classList.remove("is-leaving");
    root.hidden = false;
  }

  function hide() {
    if (root.hidden || root.classList.contains("is-leaving")) return;
    root.classList.add("is-leaving");
    setTimeout(() => { if (root.classList.contains("is-leaving")) { root.hidden = true; root.replaceChildren(); } }, LEAVE_MS);
  }

  const stop = every(TICK_MS, tick);
  return () => { leave(); stop(); };
}

function cardPicture(card, short, t) {
  const node = element("div", `fly-card fly-${card.level}`);
  const words = element("div", "fly-words");
  words.append(element("p", "fly-level", t(`wall.level.${card.level}.new`)), element("p", "fly-org", clip(short(card), 7)),
    element("p", "fly-item", clip(nameOf(card), 30)), element("p", "fly-late num", card.late_text ?? ""),
    element("p", "fly-no num", card.case_no ?? ""));
  node.append(mark(card.level, t), words);
  return node;
}

/** "红牌 5 张 · 黄牌 18 张", without the level that has none. */
export function floodWords(red, yellow, t) {
  return [["red", red], ["yellow", yellow]].filter(([, n]) => n > 0).map(([level, n]) => t(`wall.card.more_${level}`, { n })).join(" · ");
}

function floodPicture(cards, t) {
  const count = (level) => cards.filter((card) => card.level === level).length;
  const node = element("div", "fly-card fly-flood");
  const words = element("div", "fly-words");
  words.append(element("p", "fly-level", t("wall.flood.title", { n: cards.length })),
    element("p", "fly-item", floodWords(count("red"), count("yellow"), t)));
  node.append(mark(count("red") > 0 ? "red" : "yellow", t), words);
  return node;
}
