/** Keys of the desk. Letters and F-keys are commands only while nobody types; Escape always leads back to the list. */

const PAGE_STEPS = 10;
const TYPING = "input, textarea, select, button, a, summary";
// Of these the browser has a meaning of its own; on the desk they are ours.
const OURS = /^F([1-4]|[7-9])$/;

/** @param {Document} document @param {object} desk what the keys do; every member is a function */
export function deskKeys(document, desk) {
  const MOVES = {
    ArrowDown: () => desk.step(1), ArrowUp: () => desk.step(-1), j: () => desk.step(1), k: () => desk.step(-1),
    PageDown: () => desk.step(PAGE_STEPS), PageUp: () => desk.step(-PAGE_STEPS), Home: () => desk.step(-Infinity), End: () => desk.step(Infinity),
    Enter: desk.open, p: desk.openCase, "/": desk.search, " ": desk.mark, "*": desk.checkAll, g: desk.foldHere,
    Escape: desk.leave, "?": desk.help, F1: desk.help, F8: desk.next,
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || desk.isBusy()) return;
    if (event.target.closest(TYPING) && !OURS.test(event.key)) { onTyping(event); return; }
    if (event.target.closest(".act-form")) return;
    if (act(event.key)) event.preventDefault();
  }

  function onTyping(event) {
    if (event.key !== "Escape") return;
    desk.closeForm();
    desk.toList();
  }

  function act(key) {
    const move = MOVES[key] ?? (key.length === 1 ? MOVES[key.toLowerCase()] : undefined);
    if (move) { move(); return true; }
    if (/^[0-9]$/.test(key)) { desk.view(Number(key)); return true; }
    return desk.command(key);
  }

  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
