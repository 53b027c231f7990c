/** Keys of the page of on-site signals, as on the desk: j and k choose, Enter confirms, x rejects. Nothing while one types. */

const TYPING = "input, textarea, select, button, a, summary";

/** @param {Document} document the page; Dash puts its parts in and out, so they are looked up at each key */
export function mount(document) {
  function lines() { return [...document.querySelectorAll(".signal-lines .finding-line")]; }

  function step(by) {
    const all = lines();
    if (!all.length) return;
    const here = all.findIndex((line) => line.classList.contains("is-here"));
    const next = all[Math.max(0, Math.min(all.length - 1, here < 0 ? 0 : here + by))];
    next.click();
    next.scrollIntoView({ block: "nearest" });
  }

  function press(id) {
    const button = document.getElementById(id);
    if (button && !button.closest("[hidden]")) button.click();
  }

  /** A rejection needs its reason: the first x leads to the field, the next one (outside it) sends. */
  function reject() {
    const reason = document.getElementById("signal-reason");
    if (!reason || reason.closest("[hidden]")) return;
    if (reason.value.trim()) press("signal-reject");
    else reason.focus();
  }

  const KEYS = { j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    Enter: () => press("signal-confirm"), x: reject };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(TYPING)) {
      if (event.key === "Escape") event.target.blur();
      else if (event.key === "Enter" && event.target.closest(".signal-lines")) { event.preventDefault(); press("signal-confirm"); }
      else if (!event.target.closest(".signal-lines") || !KEYS[event.key]) return;
      else { event.preventDefault(); KEYS[event.key](); }
      return;
    }
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
