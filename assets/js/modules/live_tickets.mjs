/** One ticket for all tiles of a page: asked for once, used until most of its time is over, asked for anew when one is refused. */

const SPARE_MS = 60_000;
const ADDRESS = "/api/v1/video/tickets";

/**
 * @param {{reason: string, note?: string, cameras: () => string[], onViewer?: (viewer: string) => void, ask?: Function, now?: () => number}} deps
 *   cameras: those the ticket shall name now
 */
export function ticketsOf({ reason, note = "", cameras, onViewer = () => {}, ask = fetchTicket, now = () => Date.now() }) {
  let kept = null;
  let asking = null;

  function good() {
    const wanted = cameras();
    return kept && kept.expires_ms - now() > SPARE_MS && wanted.every((code) => kept.names.has(code));
  }

  async function get(fresh = false) {
    if (asking) return asking;
    if (!fresh && good()) return kept;
    const names = cameras();
    asking = ask({ cameras: names, reason, note });
    try {
      kept = { ...(await asking), names: new Set(names) };
      onViewer(kept.viewer);
      return kept;
    } finally {
      asking = null;
    }
  }

  return { get };
}

async function fetchTicket(wish) {
  let answer;
  try {
    answer = await fetch(ADDRESS, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(wish) });
  } catch {
    throw Object.assign(new Error("unreachable"), { code: "video_unreachable" });
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const isFinal = answer.status === 403 || answer.status === 404 || answer.status === 400;
  throw Object.assign(new Error(told.detail ?? `${answer.status}`), { code: told.code ?? "video_unreachable", details: told.details, isFinal });
}
