/** Words and numbers as people read them. Pure; every sentence comes from the texts the page was given. */

const BEIJING_MIN = 480;
const PLACEHOLDER = /\{(\w+)\}/g;
const ISO = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?)(Z|[+-]\d{2}:?\d{2})$/;

/**
 * A lookup of sentences by dotted key. An unknown key shows itself, so that a missing sentence is seen and never blank.
 * @param {object} tree nested texts, as loaded from the locale file
 * @returns {(key: string, values?: object) => string}
 */
export function textsOf(tree) {
  return (key, values = {}) => {
    const found = key.split(".").reduce((node, part) => (node == null ? undefined : node[part]), tree);
    if (typeof found !== "string") return key;
    return found.replace(PLACEHOLDER, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}

/** 12847 → "12,847"; null or undefined → "—" (never a made-up zero). */
export function thousands(value) {
  if (value == null || Number.isNaN(value)) return "—";
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 0.98765 → "98.8"; 1 → "100"; never rounds 0.9996 up to a false 100. */
export function percent(rate) {
  if (rate == null || Number.isNaN(rate)) return "—";
  if (rate >= 1) return "100";
  return (Math.floor(rate * 1000) / 10).toFixed(1);
}

/** Offset in minutes written at the end of an ISO instant; "Z" is 0. */
export function offsetMinutes(iso) {
  const zone = ISO.exec(iso)?.[2] ?? "Z";
  if (zone === "Z") return 0;
  const digits = zone.slice(1).replace(":", "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone[0] === "-" ? -minutes : minutes;
}

/** Milliseconds since 1970 of an ISO instant with an offset; null when it is not one. */
export function instant(iso) {
  if (typeof iso !== "string" || !ISO.test(iso)) return null;
  const parsed = Date.parse(iso);
  return Number.isNaN(parsed) ? null : parsed;
}

/** Parts of a wall clock reading `offset` minutes east of UTC. */
export function civil(ms, offset) {
  const at = new Date(ms + offset * 60_000);
  const two = (n) => String(n).padStart(2, "0");
  return {
    year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate(), weekday: at.getUTCDay(),
    hm: `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`,
    hms: `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`,
  };
}

/** The same parts of an instant from which something is late: midnight is 24:00 of the day before, as notices and papers write it. */
export function civilDue(ms, offset) {
  const at = civil(ms, offset);
  return at.hms === "00:00:00" ? { ...civil(ms - 1, offset), hm: "24:00", hms: "24:00:00" } : at;
}

/** A short span: "刚刚", "12 分", "3 小时 5 分", "2 天 4 小时". */
export function span(ms, t) {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return t("wall.span.now");
  if (minutes < 60) return t("wall.span.minutes", { m: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t("wall.span.hours", { h: hours, m: minutes % 60 });
  return t("wall.span.days", { d: Math.floor(hours / 24), h: hours % 24 });
}

/** Width of a string in Han characters: ASCII counts half. */
export function hanWidth(text) {
  let width = 0;
  for (const sign of text) width += sign.codePointAt(0) < 0x2e80 ? 0.56 : 1;
  return width;
}

/** The string itself, or its beginning and an ellipsis, at most `max` Han characters wide. */
export function clip(text, max) {
  if (hanWidth(text) <= max) return text;
  let kept = "";
  for (const sign of text) {
    if (hanWidth(kept + sign) > max - 1) break;
    kept += sign;
  }
  return `${kept}…`;
}

/** Initials that sign a card on the wall: the whole of a Chinese name, else the first letters of a long one. */
export function initials(name) {
  const trimmed = (name ?? "").trim();
  if (hanWidth(trimmed) <= 4) return trimmed;
  return trimmed.split(/\s+/).map((word) => word[0]).join("").slice(0, 3).toUpperCase();
}

/** "03-16 09:20" of microseconds UTC, in Beijing time. */
export function when(us) {
  if (us == null) return "";
  const { month, day, hm } = civil(us / 1000, BEIJING_MIN);
  return `${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")} ${hm}`;
}
