/**
 * The inbox in the bar of every staff page: how many notices somebody has not read, and the last ones when it is opened. It asks
 * on load, every while, when the page is seen again, and at once when the live link of the page tells of something new.
 */

import { when } from "./format.mjs";
import { address, badge, label } from "./inbox_view.mjs";
import { element, setText, toggle } from "./keyed_list.mjs";

const AGAIN_MS = 15_000;
const PAUSE_MS = 1_000; // many events in a row are one question
const SHOWN = 12;
export const NEWS = "yangguang-news";

/** @param {HTMLElement} root the frame laid out by dashboard/panels/inbox.py */
export function mount(root, { t, onFault }) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const opener = part("inbox-opener"), panel = part("inbox-panel");
  let pending = null, unreadShown = [];

  async function ask() {
    try {
      const answer = await fetch(`/api/v1/inbox?limit=${SHOWN}`, { headers: { Accept: "application/json" } });
      if (answer.ok) draw(await answer.json());
    } catch (fault) {
      if (!(fault instanceof TypeError)) onFault(fault); // no network: the number stays until there is one
    }
  }

  function draw({ notices, unread }) {
    setText(part("inbox-count"), badge(unread));
    toggle(root, "has-unread", unread > 0);
    opener.setAttribute("aria-label", label(unread, t));
    opener.title = label(unread, t);
    root.dataset.unread = String(unread);
    unreadShown = notices.filter((notice) => notice.read_at == null).map((notice) => notice.id);
    part("inbox-list").replaceChildren(...notices.map(item));
    toggle(part("inbox-empty"), "is-shown", notices.length === 0);
    part("inbox-read").hidden = unreadShown.length === 0;
  }

  function item(notice) {
    const link = element("a", notice.read_at == null ? "inbox-item is-unread" : "inbox-item");
    link.href = address(notice);
    link.append(element("span", "inbox-subject", notice.subject), element("span", "inbox-when num", when(notice.created_at)));
    if (notice.read_at == null) {
      link.firstChild.prepend(element("span", "visually-hidden", t("inbox.unread")));
      link.addEventListener("click", () => { read([notice.id]); });
    }
    const row = element("li");
    row.append(link);
    return row;
  }

  /** `keepalive`: whoever follows a link leaves this page at once. */
  async function read(ids) {
    try {
      const answer = await fetch("/api/v1/inbox/read", {
        method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ids }),
      });
      if (answer.ok) await ask();
    } catch (fault) {
      if (!(fault instanceof TypeError)) onFault(fault);
    }
  }

  function open(isOpen) {
    panel.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) ask();
  }

  function soon() {
    pending ??= setTimeout(() => { pending = null; ask(); }, PAUSE_MS);
  }

  opener.addEventListener("click", () => open(panel.hidden));
  part("inbox-read").addEventListener("click", () => { opener.focus(); read(unreadShown); }); // what nobody saw stays unread
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    event.stopPropagation(); // the desk has keys of its own
    open(false);
    opener.focus();
  }, true);
  document.addEventListener("click", (event) => { if (!panel.hidden && !root.contains(event.target)) open(false); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  document.addEventListener(NEWS, soon);
  setInterval(() => { if (!document.hidden) ask(); }, AGAIN_MS);
  ask();
}
