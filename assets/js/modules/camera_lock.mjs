/**
 * While a camera is tried or saved the page takes neither click nor key for any camera: the answer is about what was asked.
 * Dash shows #camera-trying meanwhile and hides it with the answer, but not where the answer never comes; so this gives up waiting.
 */

/** @param {Document} page @param {{t: Function, waitMs: number}} deps */
export function mount(page, { t, waitMs, watch = observed, after = setTimeout, cancel = clearTimeout, tell = setProps }) {
  const trying = page.getElementById("camera-trying");
  let timer = null;
  let focused = null;

  function turn() {
    if (!trying.hidden === (timer !== null)) return;
    const isTrying = timer === null;
    if (isTrying) { focused = page.activeElement; timer = after(giveUp, waitMs); }
    else { cancel(timer); timer = null; }
    for (const part of page.querySelectorAll("[data-idle-only]")) part.inert = isTrying;
    if (!isTrying && page.activeElement === page.body) focused?.focus();
  }

  function giveUp() {
    tell("camera-trying", { hidden: true });
    tell("camera-said", { children: t("camera_page.no_answer") });
  }

  turn();
  return watch(trying, turn);
}

function observed(node, turn) {
  const watch = new MutationObserver(turn);
  watch.observe(node, { attributes: true, attributeFilter: ["hidden"] });
  return () => watch.disconnect();
}

const setProps = (id, props) => window.dash_clientside?.set_props?.(id, props);
