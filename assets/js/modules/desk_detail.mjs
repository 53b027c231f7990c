/** The pane beside the list: everything about the card one stands on, and its history. */

import { civil, civilDue, instant, offsetMinutes, span } from "./format.mjs";
import { element, mark } from "./keyed_list.mjs";
import { nameOf, notesOf } from "./card_axes.mjs";
import { stateWords } from "./desk_list.mjs";

/** @param {HTMLElement} parent @param {{t: Function, serverNow: () => number|null, history: (id: number) => Promise<object[]>}} deps */
export function deskDetail(parent, { t, serverNow, history }) {
  let shown = "";

  function render(card, answer) {
    const key = card ? `${card.id}/${card.rev}/${answer?.words ?? ""}` : "none";
    if (key === shown) { passTime(card); return; }
    shown = key;
    parent.replaceChildren(...(card ? pane(card, answer) : [element("p", "detail-empty", t("desk.detail.none"))]));
    if (card) fillHistory(card, key);
  }

  /** How late, how long unsigned: the card is the same, the clock is not. */
  function passTime(card) {
    const old = parent.querySelector(".facts");
    if (!card || !old) return;
    const fresh = facts(card);
    if (fresh.textContent !== old.textContent) old.replaceWith(fresh);
  }

  function pane(card, answer) {
    const head = element("header", `detail-head detail-${card.level}`);
    const title = element("div", "detail-title");
    title.append(element("span", "detail-level", `${t(`level.${card.level}`)} · ${card.late_text}`),
      element("h2", "", nameOf(card)));
    head.append(mark(card.level, t), title);
    const action = element("p", "detail-action");
    action.append(element("span", "detail-label", t("desk.detail.demanded")), element("span", "", card.demanded_action || "—"));
    return [head, ...answerOf(answer), links(card), ...notes(card), action, facts(card), historyBox()];
  }

  /** What the server answered to the last command on this card: it stands at the card until something else is done. */
  function answerOf(answer) {
    if (!answer) return [];
    const line = element("p", `detail-answer answer-${answer.tone}`, answer.words);
    line.setAttribute("role", "alert");
    return [line];
  }

  function links(card) {
    const box = element("div", "detail-links");
    box.append(linkTo(cardAddress(card), "detail-card", t("desk.detail.card", { id: card.id }), t("desk.detail.evidence"), "Enter"));
    if (card.case_no) box.append(linkTo(caseAddress(card), "detail-case", card.case_no, t("desk.detail.why"), "P"));
    if (card.camera) box.append(linkTo(cameraAddress(card), "detail-camera", t("desk.detail.camera"), t("desk.detail.camera_live"), ""));
    return box;
  }

  function linkTo(href, className, words, more, key) {
    const link = element("a", `detail-link ${className} num`, words);
    link.href = href;
    link.append(element("span", "detail-case-go", more), ...(key ? [element("kbd", "", key)] : []));
    return link;
  }

  function notes(card) {
    const found = notesOf(card, serverNow());
    if (found.length === 0) return [];
    const list = element("ul", "detail-notes");
    list.append(...found.map((note) => element("li", `note note-${note.code}`, t(`desk.note.${note.code}`, note))));
    return [list];
  }

  function facts(card) {
    const list = element("dl", "facts");
    const rows = [
      ["org", card.org_name], ["rule", card.rule], ["limit", card.limit_text], ["due", longDue(card.due_at)],
      ["late", lateWords(card)], ["since", longInstant(card.level_at)], ["state", stateWords(card, serverNow(), t)],
      ["reply_due", longDue(card.reply_due_at, "")], ["order_no", card.order_no ?? ""],
      [`quiet_for.${card.suppression?.kind}`, card.suppression?.reason ?? ""],
      ["first", card.first ? t("desk.detail.first_by", { by: card.first.by, at: longInstant(card.first.at) }) : ""],
      ["acked_at", card.acked ? longInstant(card.acked.at) : ""], ["comment", card.acked?.comment ?? ""],
      ["cleared", longInstant(card.cleared_at, "")], ["stale", card.stale ? t("desk.detail.stale_words") : ""],
    ];
    for (const [name, value] of rows) {
      if (!value) continue;
      list.append(element("dt", "", t(`desk.detail.${name}`)), element("dd", "num", value));
    }
    return list;
  }

  function lateWords(card) {
    const due = instant(card.due_at);
    const now = serverNow();
    if (due == null || now == null) return "";
    const until = instant(card.cleared_at) ?? now;
    return t(until >= due ? "desk.detail.late_by" : "desk.detail.left", { span: span(Math.abs(until - due), t) });
  }

  function historyBox() {
    const box = element("section", "history");
    box.append(element("h3", "", t("desk.detail.history")), element("ol", "history-list"));
    return box;
  }

  async function fillHistory(card, key) {
    let lines;
    try {
      lines = (await history(card.id)).map((entry) => historyLine(entry));
    } catch (fault) {
      lines = [element("li", "history-missing", t("desk.detail.history_missing", { why: fault.message }))];
    }
    if (key === shown) parent.querySelector(".history-list")?.replaceChildren(...lines);
  }

  function historyLine(entry) {
    const line = element("li", `history-line history-${entry.level ?? "none"}`);
    line.append(element("time", "num", longInstant(entry.at)), element("span", "", historyWords(entry)));
    return line;
  }

  function historyWords(entry) {
    const key = `desk.history.${entry.kind}`;
    const words = t(key, { level: entry.level ? t(`level.${entry.level}`) : "", by: entry.by ?? "" });
    return [words === key ? entry.kind : words, closing(entry)].filter(Boolean).join("：");
  }

  /** A closing carries a code, and behind a colon what caused it. */
  function closing(entry) {
    if (entry.kind !== "closed" || !entry.text) return entry.text;
    const code = entry.text.split(":")[0];
    const words = t(`card_closing.${code}`);
    return words === `card_closing.${code}` ? entry.text : words;
  }

  return { render, refresh() { shown = ""; } };
}

export function cardAddress(card) {
  return `/card/${card.id}`;
}

/** The window of an on-site card, live on the camera scene; the view is logged with the card. */
export function cameraAddress(card) {
  return `/wall/?${new URLSearchParams({ scene: "cameras", camera: card.camera, card: card.id })}`;
}

export function caseAddress(card) {
  return `/case/${encodeURIComponent(card.area)}/${encodeURIComponent(card.case_no)}`;
}

/** "2026-03-16 09:20:00", in the zone the server wrote it in. */
export function longInstant(iso, missing = "—") {
  return long(iso, missing, civil);
}

/** The same of an instant from which something is late. */
export function longDue(iso, missing = "—") {
  return long(iso, missing, civilDue);
}

function long(iso, missing, read) {
  const ms = instant(iso);
  if (ms == null) return missing;
  const { year, month, day, hms } = read(ms, offsetMinutes(iso));
  const two = (n) => String(n).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)} ${hms}`;
}
