/** What a desk remembers over a reload of its own tab: filter, view, the card one stands on, the marked ones, open groups. */

const NAME = "yangguang.desk";

/** @param {Storage|null} storage session storage; null where a browser has none */
export function deskMemory(storage) {
  let written = "";
  return {
    read() {
      try {
        const kept = JSON.parse(storage?.getItem(NAME) ?? "null");
        return kept && typeof kept === "object" ? kept : {};
      } catch { return {}; }
    },
    keep({ filter, selected, checked, opened, auto }) {
      const text = JSON.stringify({ filter, selected, auto, checked: [...checked], opened: [...opened] });
      if (text === written) return;
      written = text;
      try { storage?.setItem(NAME, text); } catch { /* a full or forbidden store costs the memory, not the work */ }
    },
  };
}

/** `?card=17` in the address of the desk: the card to stand on. */
export function askedCard(search) {
  const id = Number(new URLSearchParams(search).get("card"));
  return Number.isInteger(id) && id > 0 ? id : null;
}
