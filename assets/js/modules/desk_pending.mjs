/**
 * Cards that wait for confirmation. They are on no wall and in no live message, so the desk asks for them: when the server's
 * count of them changed, after a command, and every half minute.
 */

import { isToConfirm } from "./card_axes.mjs";
import { spoken } from "./spoken.mjs";

const AGAIN_MS = 30_000;
const ADDRESS = "/api/v1/cards?disposition=to_confirm&limit=500";

/** @param {{fetch: Function, every: Function, onChange: () => void, onFault: (fault: Error) => void, language: string}} deps */
export function pendingCards({ fetch, every, onChange, onFault, language }) {
  let cards = new Map();
  let counted = null;
  let asking = false;
  let again = false;

  async function ask() {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const answer = await fetch(ADDRESS, { headers: { Accept: "application/json" } });
      if (answer.ok) take((await answer.json()).cards ?? []);
    } catch (fault) { onFault(fault); } finally { asking = false; }
    if (again) { again = false; ask(); }
  }

  function take(found) {
    const next = new Map(found.filter(isToConfirm).map((card) => [card.id, spoken(card, language)]));
    const isSame = next.size === cards.size && [...next].every(([id, card]) => cards.get(id)?.rev === card.rev);
    if (isSame) return;
    cards = next;
    onChange();
  }

  const stop = every(AGAIN_MS, ask);
  ask();
  return {
    /** All cards of the desk: those of the live link, and those that wait; what the link knows is newer. */
    beside: (live) => [...live.values(), ...[...cards.values()].filter(({ id }) => !live.has(id))],
    has: (id) => cards.has(id),
    get: (id) => cards.get(id),
    ask,
    /** The number of the heartbeat; a change means that there is something to ask for. */
    count(number) { if (number !== undefined && number !== counted) { counted = number; ask(); } },
    stop,
  };
}
