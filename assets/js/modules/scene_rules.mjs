/** The camera scene of the wall: what the address asks for, how tiles are laid out, where one goes from one to the next. Pure. */

export const COUNTS = [1, 4, 9, 16];
const ROTATE_LEAST_S = 15;

/** What `?scene=cameras&tiles=9&hall=…&camera=…` asks for. */
export function sceneOf(search) {
  const asked = new URLSearchParams(search);
  const tiles = Number(asked.get("tiles"));
  const rotate = Number(asked.get("rotate"));
  const card = /^\d{1,17}$/.test(asked.get("card") ?? "") ? asked.get("card") : "";
  return {
    isOn: asked.get("scene") === "cameras", tiles: COUNTS.includes(tiles) ? tiles : 9, hall: asked.get("hall") ?? "", page: 0,
    focus: asked.get("camera") ?? "", card, reason: card ? "card" : asked.get("reason") ?? "",
    rotateMs: rotate >= ROTATE_LEAST_S ? rotate * 1000 : 0,
  };
}

/** The address of a scene, so that a reload at night comes back to it. Other parameters stay. */
export function addressOf(scene, search) {
  const asked = new URLSearchParams(search);
  for (const name of ["scene", "tiles", "hall", "camera"]) asked.delete(name);
  if (!scene.isOn) { for (const name of ["card", "reason", "rotate"]) asked.delete(name); }
  else {
    asked.set("scene", "cameras");
    asked.set("tiles", String(scene.tiles));
    if (scene.hall) asked.set("hall", scene.hall);
    if (scene.focus) asked.set("camera", scene.focus);
    if (scene.card) asked.set("card", scene.card);
    else asked.delete("card");
  }
  const words = asked.toString();
  return words ? `?${words}` : "";
}

/** The cameras of the scene: those of its hall, all pages of them. */
export function camerasOf(scene, cameras) {
  return scene.hall ? cameras.filter((camera) => camera.hall === scene.hall) : cameras;
}

export function pagesOf(scene, cameras) {
  return Math.max(1, Math.ceil(camerasOf(scene, cameras).length / scene.tiles));
}

/**
 * The cells to draw: which camera, where, which stream.
 * With one in focus it takes most of the room, the others stand on its right and below it as long as there is room.
 * @returns {{columns: number, rows: number, cells: {camera: object, span: number, stream: string}[], hidden: number}}
 */
export function layoutOf(scene, cameras) {
  const all = camerasOf(scene, cameras);
  const page = Math.min(scene.page, pagesOf(scene, cameras) - 1);
  const here = all.slice(page * scene.tiles, (page + 1) * scene.tiles);
  const focus = cameras.find((camera) => camera.code === scene.focus);
  if (!focus) {
    const side = Math.sqrt(scene.tiles);
    return { columns: side, rows: side, hidden: 0, cells: here.map((camera) => ({ camera, span: 1, stream: side === 1 ? "main" : camera.stream })) };
  }
  const others = here.filter((camera) => camera.code !== focus.code);
  const side = others.length === 0 ? 1 : others.length <= 7 ? 4 : 5;
  const room = 2 * side - 1;
  const shown = others.slice(0, room);
  return { columns: side, rows: side, hidden: others.length - shown.length, cells: [{ camera: focus, span: Math.max(1, side - 1), stream: "main" },
    ...shown.map((camera) => ({ camera, span: 1, stream: camera.stream }))] };
}

/** The scene after a key, the same one for a key that means nothing. */
export function afterKey(scene, key, { cameras, halls }) {
  if (key === "v" || key === "V") return { ...scene, isOn: !scene.isOn, focus: "" };
  if (!scene.isOn) return scene;
  const tiles = { 1: 1, 4: 4, 9: 9, 0: 16 }[key];
  if (tiles) return { ...scene, tiles, page: 0, focus: "" };
  if (key === "Escape") return scene.focus ? { ...scene, focus: "" } : { ...scene, isOn: false };
  if (key === "h" || key === "H") return { ...scene, hall: next(["", ...halls], scene.hall, 1), page: 0, focus: "" };
  if (key === "ArrowRight" || key === "PageDown") return turned(scene, cameras, 1);
  if (key === "ArrowLeft" || key === "PageUp") return turned(scene, cameras, -1);
  return scene;
}

/** The next page, or the next camera while one is in focus. */
export function turned(scene, cameras, by) {
  if (scene.focus) {
    const codes = camerasOf(scene, cameras).map((camera) => camera.code);
    const code = next(codes, scene.focus, by) ?? scene.focus;
    return { ...scene, focus: code, page: Math.max(0, Math.floor(codes.indexOf(code) / scene.tiles)) };
  }
  const pages = pagesOf(scene, cameras);
  return { ...scene, page: (scene.page + by + pages) % pages };
}

function next(list, present, by) {
  const at = list.indexOf(present);
  return list[(at + by + list.length) % list.length];
}

/** The window of a card. A person looks because of it, after a reload too; a screen of the room needs no reason. */
export function jumpTo(scene, card, { isPerson }) {
  return { ...scene, isOn: true, focus: card.camera, hall: "", card: isPerson ? String(card.id) : "" };
}

/** Why one looks after a jump to the window of a card: because of the card, as long as one looks at that window. */
export function becauseOf(card, why) {
  const note = String(card.id);
  if (why?.note === note && why.camera === card.camera) return why;
  return { reason: "card", note, camera: card.camera, before: why?.camera ? why.before : why };
}

/** Why one looks at a scene one goes to: whoever leaves the window of a card has the reason he had before, or none yet. */
export function reasonIn(scene, why) {
  return why?.camera && why.camera !== scene.focus ? why.before : why;
}

/** The newest card of a window with a camera that still waits for somebody, null without one. */
export function onSiteCard(cards) {
  let found = null;
  for (const card of cards.values()) {
    if (card.camera && card.state !== "closed" && (found === null || card.id > found.id)) found = card;
  }
  return found;
}
