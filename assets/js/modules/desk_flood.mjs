/**
 * Many cards at once: cards of one department and item that came soon after another stand as one row until somebody opens it.
 * What many and soon is are settings of the server (cards.flood_cards, cards.flood_minutes), which the page is given.
 * Nothing is dropped, and one comment can sign them all. Pure.
 */

const MINUTE_MS = 60_000;
const GROUP_FROM = 3;

const bornAt = (card) => Date.parse(card.raised_at ?? card.level_at ?? "") || 0;

/** The key of the group a card would belong to. The server marks what came in a flood, which may be of many departments. */
export const groupKey = (card) => `${card.org}/${card.item ?? card.item_name}`;

/**
 * Whether more than `rules.cards` cards came within `rules.minutes` before `nowMs`, and which cards came then by group, the
 * largest first.
 * @param {{cards: number, minutes: number}} rules
 * @returns {{count: number, groups: {key: string, org: string, item: string, cards: object[]}[]}}
 */
export function floodOf(cards, nowMs, rules) {
  const since = nowMs - rules.minutes * MINUTE_MS;
  const recent = nowMs == null ? [] : cards.filter((card) => card.flood || (bornAt(card) > since && bornAt(card) <= nowMs));
  if (recent.length <= rules.cards) return { count: 0, groups: [] };
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
