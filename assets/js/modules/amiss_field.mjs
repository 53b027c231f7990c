/** A long form says what is wrong at the field, which may be screens away from the button: that field is brought into sight. */

const SAID = "#edit-said, #edit-result";
const PLACES = ".edit-columns .field-error";

/** The first place of an error that says something; null while none does. */
export function firstAmiss(root) {
  return [...root.querySelectorAll(PLACES)].find((place) => place.textContent.trim()) ?? null;
}

/**
 * Whenever the page says something new, the field that is amiss is shown, if one is.
 * @param {{querySelectorAll: Function}} root the document
 * @param {typeof MutationObserver} Observer
 * @param {(act: () => void) => void} later after what came with the words is drawn
 */
export function mount(root, Observer = MutationObserver, later = requestAnimationFrame) {
  const observer = new Observer(() => later(() => firstAmiss(root)?.scrollIntoView({ block: "center" })));
  for (const said of root.querySelectorAll(SAID)) observer.observe(said, { childList: true, characterData: true, subtree: true });
}
