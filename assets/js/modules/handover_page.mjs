/**
 * Handing a shift over: the outgoing officer drafts, writes and signs; the incoming one accepts item by item, by keyboard, and
 * signs. The page asks for what stands; nothing is shown as done before the server has said so.
 */

import { when } from "./format.mjs";
import { handoverKeys, itemWords, left, nextUndecided, partOf } from "./handover_view.mjs";
import { element, mark, setText, toggle } from "./keyed_list.mjs";

const AGAIN_MS = 10_000;
const LEVELS = { 1: "warning", 2: "yellow", 3: "red" };

/** @param {HTMLElement} root the frame laid out by dashboard/pages/handover.py */
export function mount(root, { t, onFault }) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const { me, people, names } = JSON.parse(root.dataset.places);
  const page = { handover: null, past: [], asked: null, at: 0, notes: null, drawn: "", busy: false };

  async function call(address, body) {
    const options = body === undefined ? { headers: { Accept: "application/json" } }
      : { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`/api/v1/handovers${address}`, options);
    if (answer.status === 401) location.reload();
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.detail ?? said.code ?? `${answer.status}`);
    return said;
  }

  async function ask() {
    if (page.busy) return;
    try {
      const found = await call("");
      page.past = found.handovers;
      page.handover = page.asked ? await call(`/${page.asked}`) : found.present;
      root.dataset.loaded = "true";
      draw();
    } catch (fault) { say(fault.message, "refused"); if (!(fault instanceof TypeError)) onFault(fault); }
  }

  /** One command; the page then shows what the server answers. */
  async function act(address, body, done) {
    page.busy = true;
    try {
      page.handover = await call(address, body);
      say(done, "done");
    } catch (fault) { say(fault.message, "refused"); }
    page.busy = false;
    page.drawn = "";
    draw();
  }

  function say(words, tone) {
    setText(part("said"), words);
    part("said").dataset.tone = tone;
  }

  function draw() {
    const { handover } = page;
    const signature = JSON.stringify([handover?.id, handover?.rev, page.past.length, handover?.items?.map((item) => item.decision)]);
    if (signature === page.drawn) { select(page.at, false); return; }
    page.drawn = signature;
    const role = partOf(handover, me.name);
    root.dataset.part = role;
    part("head").replaceChildren(...headOf(handover, role));
    part("notes").replaceChildren(...notesOf(handover, role));
    part("items").replaceChildren(...(handover?.items ?? []).map((item, at) => itemRow(item, at)));
    part("sign").replaceChildren(...signOf(handover, role));
    part("past").replaceChildren(...page.past.map(pastRow));
    toggle(part("empty"), "is-shown", Boolean(handover) && handover.items.length === 0);
    select(Math.min(page.at, Math.max(0, (handover?.items.length ?? 1) - 1)), false);
  }

  function headOf(handover, role) {
    if (!handover) return [element("p", "handover-none", t("handover_page.none")), beginForm()];
    const state = element("span", `chip state-${handover.state}`, t(`handover.state.${handover.state}`));
    const people = element("p", "handover-people", t("handover_page.from_to", { from: handover.outgoing_name, to: handover.incoming_name }));
    people.append(state);
    const rest = left(handover);
    const words = handover.state === "offered" ? t(role === "incoming" ? "handover_page.left" : "handover_page.waits", { n: rest, by: handover.incoming_name })
      : t(`handover_page.is_${handover.state}`);
    const buttons = element("div", "handover-buttons");
    if (role === "outgoing" && handover.state === "draft") buttons.append(button("redraft", () => act("", { incoming: handover.incoming, area: handover.area }, t("handover_page.done.redraft"))));
    if (role === "outgoing" && ["draft", "offered"].includes(handover.state)) buttons.append(button("cancel", () => act(`/${handover.id}/cancel`, {}, t("handover_page.done.cancel"))));
    buttons.append(button("print", () => window.print()));
    if (page.asked) buttons.append(button("present", () => show(null)));
    if (role === "none" || !["draft", "offered"].includes(handover.state)) return [people, element("p", "handover-state", words), buttons, ...(page.asked ? [] : [beginForm()])];
    return [people, element("p", "handover-state", words), buttons];
  }

  function beginForm() {
    if (!me.mayHandOver) return element("p", "handover-none", t("handover_page.not_yours"));
    const form = element("form", "handover-begin");
    const label = element("label", "", t("handover_page.incoming"));
    const select = element("select", "field");
    select.id = "handover-incoming";
    label.htmlFor = select.id;
    select.append(...people.map(({ username, name }) => new Option(name, username)));
    const send = element("button", "button button-main", t("handover_page.command.draft"));
    form.append(label, select, send);
    form.addEventListener("submit", (event) => { event.preventDefault(); page.asked = null; act("", { incoming: select.value, area: "" }, t("handover_page.done.draft")); });
    return form;
  }

  function button(name, onClick, isMain = false) {
    const node = element("button", `button handover-${name}${isMain ? " button-main" : ""}`, t(`handover_page.command.${name}`));
    node.type = "button";
    node.addEventListener("click", onClick);
    return node;
  }

  function notesOf(handover, role) {
    if (!handover) return [];
    const title = element("h2", "", t("handover_page.notes"));
    if (role !== "outgoing" || handover.state !== "draft") return [title, element("p", "handover-words", handover.notes || t("handover_page.no_notes"))];
    const box = element("textarea", "field");
    Object.assign(box, { rows: 4, maxLength: 4000, value: page.notes ?? handover.notes });
    box.setAttribute("aria-label", t("handover_page.notes"));
    box.addEventListener("input", () => { page.notes = box.value; });
    return [title, box, button("save_notes", () => saveNotes(handover))];
  }

  async function saveNotes(handover) {
    if (page.notes == null) return;
    const notes = page.notes;
    page.notes = null;
    await act(`/${handover.id}/notes`, { notes }, t("handover_page.done.save_notes"));
  }

  function itemRow(item, at) {
    const row = element("li", `handover-item kind-${item.kind} decision-${item.decision || "none"}`);
    row.id = `handover-item-${item.number}`;
    row.setAttribute("role", "option");
    const words = itemWords(item, names, t, when);
    const sign = item.facts.level ? mark(LEVELS[item.facts.level], t) : element("span", "mark-alarm", "⚠");
    const text = element("div", "handover-item-words");
    text.append(element("strong", "", words.title), element("span", "num", words.more));
    const link = item.card_id ? element("a", "num", t("handover_page.card", { id: item.card_id })) : element("span");
    if (item.card_id) link.href = `/card/${item.card_id}`;
    row.append(element("span", "handover-number num", String(item.number)), sign, element("span", "handover-kind", t(`handover.kind.${item.kind}`)), text, link,
      element("strong", "handover-decision", item.decision ? t(`handover_page.decision.${item.decision}`) : "□"));
    row.setAttribute("aria-label", [t(`handover.kind.${item.kind}`), words.title, words.more, item.decision ? t(`handover_page.decision.${item.decision}`) : t("handover_page.undecided")].join("，"));
    row.addEventListener("click", () => select(at, true));
    return row;
  }

  function select(at, isChosen) {
    page.at = at;
    const rows = [...part("items").children];
    rows.forEach((row, n) => { toggle(row, "is-selected", n === at); row.setAttribute("aria-selected", String(n === at)); });
    part("items").setAttribute("aria-activedescendant", rows[at]?.id ?? "");
    if (isChosen) rows[at]?.scrollIntoView({ block: "nearest" });
  }

  function signOf(handover, role) {
    if (!handover) return [];
    const lines = [["outgoing", handover.outgoing_name, handover.offered_at], ["incoming", handover.incoming_name, handover.signed_at]].map(([name, who, at]) => {
      const line = element("p", "handover-signature");
      line.append(element("span", "", t(`handover_page.signature.${name}`)), element("strong", "", at ? who : "＿＿＿＿"), element("span", "num", at ? when(at) : ""));
      return line;
    });
    if (role === "outgoing" && handover.state === "draft") lines.push(button("offer", () => offer(handover), true));
    if (role === "incoming" && handover.state === "offered") {
      lines.push(button("accept_rest", () => decideRest("accepted")), button("sign", () => sign(handover), true));
      if (left(handover) > 0) lines.push(element("p", "handover-warning", t("handover_page.undecided_warning", { n: left(handover) })));
    }
    return lines;
  }

  async function offer(handover) {
    await saveNotes(handover);
    await act(`/${handover.id}/offer`, {}, t("handover_page.done.offer"));
  }

  async function sign(handover) {
    await act(`/${handover.id}/sign`, {}, t("handover_page.done.sign"));
    page.asked = handover.id;
  }

  const mayDecide = () => page.handover?.state === "offered" && partOf(page.handover, me.name) === "incoming";

  async function decide(decision) {
    const item = page.handover?.items[page.at];
    if (!mayDecide() || !item) { say(t("handover_page.cannot_decide"), "refused"); return; }
    await act(`/${page.handover.id}/decide`, { items: [item.number], decision }, t(`handover_page.done.${decision}`, { n: item.number }));
    select(nextUndecided(page.handover.items, page.at), true);
  }

  async function decideRest(decision) {
    const rest = page.handover.items.filter((item) => !item.decision).map(({ number }) => number);
    if (rest.length > 0) await act(`/${page.handover.id}/decide`, { items: rest, decision }, t("handover_page.done.rest", { n: rest.length }));
  }

  function pastRow(one) {
    const line = element("li");
    const link = element("button", "handover-past", t("handover_page.past_line", { at: when(one.created_at), from: one.outgoing_name, to: one.incoming_name }));
    link.type = "button";
    link.append(element("span", `chip state-${one.state}`, t(`handover.state.${one.state}`)));
    link.addEventListener("click", () => show(one.id));
    line.append(link);
    return line;
  }

  function show(id) {
    page.asked = id;
    page.at = 0;
    page.drawn = "";
    ask();
  }

  const steps = (by) => select(Math.min(Math.max(page.at + by, 0), Math.max(0, (page.handover?.items.length ?? 1) - 1)), true);
  const unbind = handoverKeys(document, { steps, accept: () => decide("accepted"), decline: () => decide("declined"), print: () => window.print(),
    rest: () => mayDecide() && decideRest("accepted"), sign: () => mayDecide() && sign(page.handover) });
  const timer = setInterval(ask, AGAIN_MS);
  ask();
  return () => { clearInterval(timer); unbind(); };
}
