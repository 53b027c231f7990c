/**
 * Commands of the desk: sent under a number of their own and repeated under the same number until the server answers, so
 * that a lost answer can never sign a card twice and a lost command is never forgotten.
 */

export const ANSWER_WITHIN_MS = 4_000;
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 8_000;

/**
 * @param {{emit: (name: string, payload: object, withinMs: number) => Promise<object>,
 *          wait: (ms: number) => Promise<void>, newId: () => string, onRetry?: (attempt: number) => void}} deps
 *        `emit` resolves with the server's answer and rejects when none came in time
 */
export function commander({ emit, wait, newId, onRetry }) {
  return async function send(command) {
    const numbered = { command_id: newId(), ...command };
    for (let attempt = 1, pause = FIRST_PAUSE_MS; ; attempt += 1, pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
      try {
        return await emit("command", numbered, ANSWER_WITHIN_MS);
      } catch {
        onRetry?.(attempt);
        await wait(pause);
      }
    }
  };
}

const ORDERS = "/api/v1/orders";

/**
 * An order (督办单) over cards: the server gives it its number and draws its paper, so it goes to the orders and not to the cards; it
 * is repeated like a command, under the number of its intention.
 *
 * @param {{ask: typeof fetch, csrf: () => string, wait: (ms: number) => Promise<void>, newId: () => string, onRetry?: Function}} deps
 * @returns the answer in the shape of a command's
 */
export function orderer({ ask, csrf, wait, newId, onRetry }) {
  return async function order({ cards, reason, reply_limit }) {
    const body = JSON.stringify({ kind: "order", command_id: newId(), cards, demand: reason, reply_limit });
    for (let attempt = 1, pause = FIRST_PAUSE_MS; ; attempt += 1, pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
      try {
        const answer = await ask(ORDERS, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() }, body });
        const told = await answer.json();
        if (answer.ok) return { ok: true, results: cards.map(({ id }) => ({ id, ok: true })) };
        if (answer.status !== 503) return { ok: false, error: told.code, message: told.detail, results: [] };
      } catch { /* no answer: it may have been issued, and is asked for again under the same number */ }
      onRetry?.(attempt);
      await wait(pause);
    }
  };
}

/** Emit with an answer over a Socket.IO client. */
export function emitterOf(socket) {
  return (name, payload, withinMs) => new Promise((resolve, reject) => {
    if (!socket.connected) { reject(new Error("not connected")); return; }
    socket.timeout(withinMs).emit(name, payload, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

/** A random UUID; also where the page is served without HTTPS and crypto.randomUUID does not exist. */
export function newId() {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex);
}

/**
 * The server's answer in words: how many were served, and each that was not with its reason, to be shown at its card.
 * @param {string} what the command in words
 * @returns {{done: number, refused: {id: number, words: string}[], words: string, tone: "done"|"refused"}}
 */
export function outcome(answer, what, t) {
  if (!answer || !Array.isArray(answer.results) || (answer.error && answer.results.length === 0)) {
    return { done: 0, refused: [], words: answer?.message ?? reason(answer?.error ?? answer?.code, t), tone: "refused" };
  }
  const done = answer.results.filter((result) => result.ok).length;
  const refused = answer.results.filter((result) => !result.ok)
    .map((result) => ({ id: result.id, words: result.message ?? reason(result.error, t) }));
  const told = answer.results.find((result) => result.ok && result.message);
  const words = [told ? told.message : done > 0 || refused.length === 0 ? t("desk.done.served", { what, n: done }) : "",
    refused.length > 0 ? t("desk.done.refused", { n: refused.length, why: refused[0].words }) : ""];
  return { done, refused, words: words.filter(Boolean).join("　"), tone: refused.length > 0 || done === 0 ? "refused" : "done" };
}

function reason(error, t) {
  const code = typeof error === "string" ? error : error?.code ?? "—";
  return t("desk.refused.unknown", { code });
}
