/** Areas of a picture as lists of corners in fractions of it, and what one does to them. Pure. */

export const CORNERS = Object.freeze({ least: 3, most: 16 });
export const STEP = 0.005;
const EXACT = 10_000;

const exact = (value) => Math.round(Math.min(1, Math.max(0, value)) * EXACT) / EXACT;

/** The corner moved to a place, kept within the picture. */
export function moved(corners, index, [x, y]) {
  return corners.map((corner, at) => (at === index ? [exact(x), exact(y)] : corner));
}

/** A corner more in the middle of the side that begins at `index`; as it was when there are as many as may be. */
export function withCorner(corners, index, place = null) {
  if (corners.length >= CORNERS.most) return corners;
  const [[x1, y1], [x2, y2]] = [corners[index], corners[(index + 1) % corners.length]];
  const [x, y] = place ?? [(x1 + x2) / 2, (y1 + y2) / 2];
  return [...corners.slice(0, index + 1), [exact(x), exact(y)], ...corners.slice(index + 1)];
}

/** One corner less; an area needs three. */
export function withoutCorner(corners, index) {
  return corners.length <= CORNERS.least ? corners : corners.filter((_corner, at) => at !== index);
}

/** The side nearest to a place: where a new corner belongs. */
export function nearestSide(corners, [x, y]) {
  let best = 0;
  let least = Infinity;
  corners.forEach(([x1, y1], at) => {
    const [x2, y2] = corners[(at + 1) % corners.length];
    const long = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
    const along = Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / long));
    const far = (x1 + along * (x2 - x1) - x) ** 2 + (y1 + along * (y2 - y1) - y) ** 2;
    if (far < least) { least = far; best = at; }
  });
  return best;
}

/** Whether sides that are no neighbours touch: the server refuses such an area, so it is shown while it is drawn. */
export function crosses(corners) {
  const n = corners.length;
  const turn = ([ax, ay], [bx, by], [cx, cy]) => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  for (let one = 0; one < n; one += 1) {
    for (let other = one + 2; other < n; other += 1) {
      if ((other + 1) % n === one) continue;
      const [a, b, c, d] = [corners[one], corners[(one + 1) % n], corners[other], corners[(other + 1) % n]];
      if (turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0) return true;
    }
  }
  return false;
}

/** A first area, in the middle of the picture, small enough to be seen as one to be drawn; each next one a little aside. */
export function freshArea(number = 0) {
  const shift = (number % 4) * 0.06;
  return [[0.35, 0.35], [0.65, 0.35], [0.65, 0.7], [0.35, 0.7]].map(([x, y]) => [exact(x + shift), exact(y + shift)]);
}

/** What a key does to a corner: a step, or null for a key that is none. */
export function stepOf(key, isFast) {
  const far = isFast ? STEP * 6 : STEP;
  return { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[key] ?? null;
}

/** Seat and masks as one list of named areas. */
export function areasOf({ seat = [], masks = [] }) {
  return [...(seat.length > 0 ? [{ kind: "seat", corners: seat }] : []), ...masks.map((corners) => ({ kind: "mask", corners }))];
}

/**
 * What is shown once Dash tells of a picture, null for nothing new. The still of a trial leaves the areas as they are drawn, and is
 * for the camera that was tried only: it comes seconds later.
 */
export function afterTold(shown, told) {
  if (!told.still) return { of: told.of, areas: areasOf(told), chosen: 0, isDirty: false };
  return told.of === shown.of ? shown : null;
}

/** And back, as the server takes them. */
export function asStored(areas) {
  return { seat: areas.find((area) => area.kind === "seat")?.corners ?? [], masks: areas.filter((area) => area.kind === "mask").map((area) => area.corners) };
}
