/**
 * While something is carried out that is about what the page shows, the page takes neither click nor key for anything else.
 * Dash shows the words with `data-waits` meanwhile (`running`) and hides them with the answer, but not where the answer never
 * comes; so this gives up waiting, says so and gives back the buttons Dash holds.
 */

/** @param {HTMLElement} waiting its `data-waits` says {said, words, ms, holds} (dashboard/panels/waiting.py) */
export function mount(waiting, { page = document, watch = observed, after = setTimeout, cancel = clearTimeout, tell = setProps } = {}) {
  const { said, words, ms, holds } = JSON.parse(waiting.dataset.waits);
  let timer = null;
  let focused = null;

  function turn() {
    if (!waiting.hidden === (timer !== null)) return;
    const isWaiting = timer === null;
    if (isWaiting) { focused = page.activeElement; timer = after(giveUp, ms); }
    else { cancel(timer); timer = null; }
    for (const part of page.querySelectorAll("[data-idle-only]")) part.inert = isWaiting;
    if (!isWaiting && page.activeElement === page.body) focused?.focus();
  }

  function giveUp() {
    for (const button of holds) tell(button, { disabled: false });
    tell(waiting.id, { hidden: true });
    tell(said, { children: words });
  }

  turn();
  return watch(waiting, turn);
}

function observed(node, turn) {
  const watch = new MutationObserver(turn);
  watch.observe(node, { attributes: true, attributeFilter: ["hidden"] });
  return () => watch.disconnect();
}

const setProps = (id, props) => window.dash_clientside?.set_props?.(id, props);
