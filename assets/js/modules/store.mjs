/** One state, many readers: readers are told at most once per frame, after all messages of that frame were applied. */

/**
 * @param {object} state
 * @param {(callback: Function) => void} schedule runs the callback once, soon; requestAnimationFrame in a browser
 * @param {(fault: Error) => void} onFault told when a reader throws; the other readers are served all the same
 */
export function createStore(state, schedule, onFault) {
  const readers = new Set();
  let current = state;
  let pending = false;

  function flush() {
    pending = false;
    for (const reader of readers) {
      try { reader(current); } catch (fault) { onFault(fault); }
    }
  }

  return {
    get: () => current,
    set(next) {
      if (next === current) return;
      current = next;
      if (!pending) { pending = true; schedule(flush); }
    },
    subscribe(reader) {
      readers.add(reader);
      reader(current);
      return () => readers.delete(reader);
    },
  };
}
