/** One card on the wall: built once, then only its changed words are written. */

import { nameOf } from "./card_axes.mjs";
import { clip, hanWidth, initials, instant, span } from "./format.mjs";
import { element, mark, setText, toggle } from "./keyed_list.mjs";
import { needsAck } from "./live_state.mjs";

export const ITEM_LINE_HAN = 16;
const FLASH_MS = 30_000;

/** How many lines the name takes on a card of the wall: one, or two when it is longer than a line. */
export function itemLines(card) {
  return hanWidth(nameOf(card)) > ITEM_LINE_HAN ? 2 : 1;
}

/** The style sheet cuts this line at its beginning by writing it from the right; what stands in it reads from the left. */
function numberLine() {
  const number = element("bdi");
  number.dir = "ltr";
  const line = element("span", "card-no num");
  line.append(number);
  return line;
}

/** @returns {HTMLElement} an empty card of this level */
export function createCard(card, t) {
  const node = element("li", "card");
  const head = element("div", "card-head");
  head.append(mark(card.level, t), element("span", "card-org"), element("span", "card-ack num"));
  const foot = element("div", "card-foot");
  foot.append(element("span", "card-late num"), numberLine());
  node.append(head, element("p", "card-item"), foot);
  return node;
}

/**
 * @param {HTMLElement} node made by createCard
 * @param {{t: Function, serverNow: number|null, short: (card: object) => string, bornMs: number|undefined, nowMs: number}} view
 */
export function updateCard(node, card, view) {
  const [head, item, foot] = node.children;
  const unsigned = needsAck(card) === 1;
  setText(head.children[1], view.short(card));
  setText(head.children[2], ackWords(card, view));
  setText(item, clip(nameOf(card), ITEM_LINE_HAN * 2 - 1));
  setText(foot.children[0], card.late_text ?? "");
  setText(foot.children[1].firstChild, card.case_no ?? "");
  const className = ["card", `card-${card.level}`, unsigned ? "is-unack" : "is-acked",
    card.condition ? "" : "is-cleared", card.stale ? "is-stale hatched" : ""].filter(Boolean).join(" ");
  if (node.className !== className) node.className = className;
  toggle(head.children[0], "is-flashing", unsigned && view.bornMs != null && view.nowMs - view.bornMs < FLASH_MS);
}

/** "未签收 12 分", "✓ 李明", or that the matter is over but nobody has signed. */
export function ackWords(card, { t, serverNow }) {
  if (card.state === "acked") return t("wall.card.acked", { by: initials(card.acked?.by) });
  if (card.state === "rtn_unack") return t("wall.card.over_unsigned");
  if (card.state === "normal") return t("wall.card.over_awaited");
  if (card.suppression) return t(`wall.card.quiet.${card.suppression.kind}`);
  if (card.first) return t("wall.card.half_signed", { by: initials(card.first.by) });
  const since = instant(card.level_at);
  if (since == null || serverNow == null) return t("wall.card.unsigned");
  return t("wall.card.unsigned_for", { span: span(serverNow - since, t) });
}
