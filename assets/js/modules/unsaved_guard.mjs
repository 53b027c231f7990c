/** Asks before a page is left on which something is not saved: the mark of it says something. */

const MARK = ".scheme-unsaved";

/** Whether anything is marked. The form is drawn anew again and again, so the mark is looked up each time. */
export function hasUnsaved(root) {
  return Boolean(root.querySelector(MARK)?.textContent);
}

/** @param {{addEventListener: Function}} view the window */
export function mount(root, view) {
  view.addEventListener("beforeunload", (event) => { if (hasUnsaved(root)) event.preventDefault(); });
}
