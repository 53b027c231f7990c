/**
 * The order by which the wall shows departments and its queue: by severity, which is fact, or by forecast, which is not and says so.
 * Key F, the words of the order over the board, or `?sort=forecast` of the address; a reload at night comes back to what was chosen.
 */

export const BY_FORECAST = "forecast";
const BY_SEVERITY = "severity";

/** What `?sort=forecast` asks for. */
export function orderOf(search) {
  return new URLSearchParams(search).get("sort") === BY_FORECAST ? BY_FORECAST : BY_SEVERITY;
}

/** The address of an order. Other parameters stay. */
export function addressOf(order, search) {
  const asked = new URLSearchParams(search);
  asked.delete("sort");
  if (order === BY_FORECAST) asked.set("sort", BY_FORECAST);
  const words = asked.toString();
  return words ? `?${words}` : "";
}

/** Expected overruns by department, null while nothing is foretold. */
export function expectedOf(forecast) {
  if (!forecast || forecast.departments.length === 0) return null;
  return new Map(forecast.departments.map((one) => [one.org, one.expected]));
}

/** `0`, `0.4`, `7.3`, `23`: one decimal as long as it says something. */
export function expectedText(expected) {
  return expected < 0.05 ? "0" : expected < 9.95 ? expected.toFixed(1) : String(Math.round(expected));
}

/** `62 %`; what is nearly nothing or nearly sure is not said to be it. */
export function percentText(chance) {
  if (chance > 0 && chance < 0.01) return "< 1 %";
  return chance > 0.99 && chance < 1 ? "> 99 %" : `${Math.round(chance * 100)} %`;
}

/** Whether this screen shows, and can show, the order by forecast. */
export function isByForecast(wall, state) {
  return wall?.dataset.order === BY_FORECAST && expectedOf(state.forecast) !== null;
}

/** The words of the order a screen shows: a wish that cannot be met says so. Pure. */
export function orderWords(wall, state) {
  if (isByForecast(wall, state)) return "wall.forecast.sorted";
  return wall?.dataset.order === BY_FORECAST ? "wall.forecast.none" : "wall.board.sorted";
}

/** @param {HTMLElement} root the words of the order; what they say is the heat map's to write */
export function mount(root, { wall }) {
  function draw() {
    root.setAttribute("aria-pressed", String(wall.dataset.order === BY_FORECAST));
  }

  function turn() {
    wall.dataset.order = wall.dataset.order === BY_FORECAST ? BY_SEVERITY : BY_FORECAST;
    history.replaceState(history.state, "", `${location.pathname}${addressOf(wall.dataset.order, location.search)}`);
    draw();
  }

  function press(event) {
    const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select");
    if ((event.key === "f" || event.key === "F") && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) turn();
  }

  wall.dataset.order = orderOf(location.search);
  document.addEventListener("keydown", press);
  root.addEventListener("click", turn);
  draw();
  return () => { document.removeEventListener("keydown", press); root.removeEventListener("click", turn); };
}
