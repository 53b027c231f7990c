/**
 * Many cards at once: cards of one department and item that came within ten minutes stand as one row until somebody opens it.
 * Nothing is dropped, and one comment can sign them all. Pure.
 */

export const FLOOD_FROM = 10;
export const WINDOW_MS = 10 * 60_000;
const GROUP_FROM = 3;

const bornAt = (card) => Date.parse(card.raised_at ?? card.level_at ?? "") || 0;

/** The key of the group a card would belong to: what the server says, else department and item. */
export const groupKey = (card) => card.flood || `${card.org}/${card.item ?? card.item_name}`;

/**
 * Whether more than ten cards came within ten minutes before `nowMs`, and which cards came then by group, the largest first.
 * @returns {{count: number, groups: {key: string, org: string, item: string, cards: object[]}[]}}
 */
export function floodOf(cards, nowMs) {
  const recent = nowMs == null ? [] : cards.filter((card) => card.flood || (bornAt(card) > nowMs - WINDOW_MS && bornAt(card) <= nowMs));
  if (recent.length <= FLOOD_FROM) return { count: 0, groups: [] };
  const found = new Map();
  for (const card of recent) {
    const key = groupKey(card);
    const group = found.get(key) ?? { key, org: card.org_name, item: card.item_name, cards: [] };
    group.cards.push(card);
    found.set(key, group);
  }
  const groups = [...found.values()].filter((group) => group.cards.length >= GROUP_FROM)
    .sort((a, b) => b.cards.length - a.cards.length || a.key.localeCompare(b.key));
  return { count: recent.length, groups };
}

/**
 * The list with every closed group folded onto the first of its cards, which stays where its urgency put it.
 * @param {object[]} cards in their order @param {Set<string>} opened keys of groups that stand open
 * @returns {{cards: object[], folds: Map<number, object[]>}} `folds`: first card's id → all cards it stands for
 */
export function folded(cards, groups, opened) {
  const keyOf = new Map(groups.filter((group) => !opened.has(group.key)).flatMap((group) => group.cards.map((card) => [card.id, group.key])));
  const heads = new Map();
  const folds = new Map();
  const shown = [];
  for (const card of cards) {
    const key = keyOf.get(card.id);
    const head = key === undefined ? undefined : heads.get(key);
    if (head !== undefined) { folds.get(head).push(card); continue; }
    shown.push(card);
    if (key !== undefined) { heads.set(key, card.id); folds.set(card.id, [card]); }
  }
  for (const [id, members] of folds) if (members.length === 1) folds.delete(id);
  return { cards: shown, folds };
}

/** The open group a card belongs to, or null. */
export function groupOf(card, groups) {
  return groups.find((group) => group.cards.some((one) => one.id === card?.id)) ?? null;
}
