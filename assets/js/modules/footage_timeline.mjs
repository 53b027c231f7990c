/** The day as rows of time: recording with its gaps, presence, signals, cards, incidents; a click goes there, a drag marks a span. */

import { civil } from "./format.mjs";
import { element } from "./keyed_list.mjs";
import { ticks } from "./footage_time.mjs";

const ROWS = ["film", "presence", "marks"];
const DRAG_PX = 6;

/** @param {HTMLElement} root @param {{t: Function, onSeek: Function, onSpan: Function, onOpen: Function}} deps */
export function timeline(root, { t, onSeek, onSpan, onOpen }) {
  let day = null;
  let part = { begin: 0, end: 1 };
  let head = null;
  let span = null;
  let drag = null;

  const axis = element("div", "footage-axis num");
  const rows = Object.fromEntries(ROWS.map((name) => [name, element("div", `footage-row row-${name}`)]));
  const labels = element("div", "footage-labels");
  labels.append(element("span", "", ""), ...ROWS.map((name) => element("span", "", t(`footage_page.row_${name}`))));
  const cursor = element("div", "footage-cursor");
  const chosen = element("div", "footage-chosen");
  const field = element("div", "footage-field");
  field.append(axis, ...ROWS.map((name) => rows[name]), chosen, cursor);
  root.append(labels, field);

  const share = (at) => (at - part.begin) / (part.end - part.begin);
  const at = (event) => {
    const box = field.getBoundingClientRect();
    return part.begin + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (part.end - part.begin);
  };

  field.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("[data-mark]")) return;
    drag = { from: at(event), x: event.clientX, isSpan: false };
    field.setPointerCapture(event.pointerId);
  });
  field.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.isSpan ||= Math.abs(event.clientX - drag.x) > DRAG_PX;
    if (drag.isSpan) onSpan(Math.min(drag.from, at(event)), Math.max(drag.from, at(event)));
  });
  field.addEventListener("pointerup", (event) => {
    if (drag && !drag.isSpan) onSeek(at(event));
    drag = null;
  });
  field.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-mark]");
    if (mark) onOpen(JSON.parse(mark.dataset.mark));
  });

  function bar(row, begin, end, name, words) {
    if (end <= part.begin || begin >= part.end) return null;
    const node = element("i", name);
    const left = Math.max(0, share(begin));
    node.style.left = `${left * 100}%`;
    node.style.width = `${Math.max(0, Math.min(1, share(end)) - left) * 100}%`;
    if (words) node.title = words;
    row.append(node);
    return node;
  }

  function sign(row, when, name, text, words, target) {
    if (when < part.begin || when > part.end) return;
    const node = element("button", `footage-sign ${name}`, text);
    node.type = "button";
    node.style.left = `${share(when) * 100}%`;
    node.title = words;
    node.setAttribute("aria-label", words);
    node.dataset.mark = JSON.stringify(target);
    row.append(node);
  }

  const clock = (when) => civil(when, day.offset_min).hms;

  function drawAxis() {
    const lines = ticks(part, day.offset_min * 60_000).filter((when) => share(when) < 0.97).map((when) => {
      const node = element("span", "", part.end - part.begin > 600_000 ? civil(when, day.offset_min).hm : clock(when));
      node.style.left = `${share(when) * 100}%`;
      return node;
    });
    axis.replaceChildren(...lines);
  }

  function drawFilm() {
    rows.film.replaceChildren();
    for (const [begin, end] of day.office) bar(rows.film, begin, end, "bar-office", t("footage_page.office_hours"));
    for (const one of day.gaps) bar(rows.film, one.begin, one.end, "bar-gap", `${clock(one.begin)}–${clock(one.end)} ${one.why}`);
    for (const one of day.segments) {
      const end = one.state === "open" ? Math.max(one.end, Math.min(day.now, part.end)) : one.end;
      const words = one.state === "closed" ? "" : t(`footage_page.segment_${one.state}`);
      bar(rows.film, one.begin, end, `bar-film is-${one.state}`, `${clock(one.begin)}–${clock(end)} ${words}`);
    }
  }

  function drawPresence() {
    rows.presence.replaceChildren();
    for (const [begin, end] of day.office) bar(rows.presence, begin, end, "bar-office");
    for (const one of day.presence) {
      bar(rows.presence, one.begin, one.end, `bar-presence is-${one.state}`,
        `${clock(one.begin)}–${clock(one.end)} ${t(`footage_page.presence_${one.state}`)}`);
    }
  }

  function drawMarks() {
    rows.marks.replaceChildren();
    for (const one of day.signals) bar(rows.marks, one.begin, one.end ?? day.now, "bar-signal", one.kind);
    const standing = day.incidents.filter((one) => !one.withdrawn);
    for (const one of standing) bar(rows.marks, one.begin, Math.max(one.end, one.begin + 1), "bar-incident", one.kind);
    for (const one of day.signals) sign(rows.marks, one.begin, "sign-signal", "!", `${clock(one.begin)} ${one.kind}`, { at: one.begin });
    for (const one of standing) {
      sign(rows.marks, one.begin, "sign-incident", t("footage_page.sign_incident"), `${clock(one.begin)} ${one.kind} ${one.comment}`,
        { at: one.begin });
    }
    for (const one of day.cards) {
      sign(rows.marks, one.at, `sign-card sign-${one.level}`, t(`footage_page.sign_${one.level}`), `${clock(one.at)} ${one.title}`, { at: one.at });
    }
  }

  /** The day is drawn anew every few seconds: who stands on a mark by keyboard goes on standing there. */
  function keepingFocus(drawing) {
    const stood = rows.marks.contains(document.activeElement) ? document.activeElement.title : null;
    drawing();
    if (stood != null) [...rows.marks.children].find((node) => node.title === stood)?.focus();
  }

  function drawHead() {
    cursor.hidden = head == null || head < part.begin || head > part.end;
    if (!cursor.hidden) cursor.style.left = `${share(head) * 100}%`;
    chosen.hidden = span == null || span.end < part.begin || span.begin > part.end;
    if (chosen.hidden) return;
    const left = Math.max(0, share(span.begin));
    chosen.style.left = `${left * 100}%`;
    chosen.style.width = `${Math.max(0.001, Math.min(1, share(span.end)) - left) * 100}%`;
  }

  return {
    show(newDay, newPart) {
      [day, part] = [newDay, newPart];
      drawAxis(); drawFilm(); drawPresence(); keepingFocus(drawMarks); drawHead();
    },
    head(when) { head = when; drawHead(); },
    span(given) { span = given; drawHead(); },
    get part() { return part; },
  };
}
