/**
 * The JSON answer to a request; a POST where it has a body. Rejects with an Error whose message is for people: the server's words, or
 * `noAnswer` where none came that can be read.
 */
export async function askJson(address, body, { ask = fetch, noAnswer }) {
  const headers = { Accept: "application/json" };
  const answer = await ask(address, body === undefined ? { headers } : {
    method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (!told) throw new Error(noAnswer);
  if (!answer.ok) throw new Error(told.detail ?? String(answer.status));
  return told;
}
