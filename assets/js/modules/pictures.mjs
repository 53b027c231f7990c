/**
 * Charts as picture files, and the page on paper. A button names its chart (`data-picture-of`), and with `data-picture-too` further
 * ones, apart by blanks; each becomes a PNG of twice the size it has on the screen.
 */

const SCALE = 2;
const PAPER = { width: 1000, height: 430, autosize: false };  // CSS pixels that A4 across holds between its margins
const SCREEN = { width: null, height: null, autosize: true };

/** Listens to the buttons of the page and to the printer; a test gives what else is the browser's. */
export function mount(root, { plotly = () => window.Plotly, print = () => window.print(), view = window } = {}) {
  view.addEventListener("beforeprint", () => resize(root, plotly(), PAPER));
  view.addEventListener("afterprint", () => resize(root, plotly(), SCREEN, true));
  root.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-picture-of], [data-print]");
    if (!button) return;
    if (button.dataset.print) { print(); return; }
    for (const id of idsOf(button)) save(root, id, plotly());
  });
}

/** The charts a button names, in their order. */
export function idsOf(button) {
  return `${button.dataset.pictureOf ?? ""} ${button.dataset.pictureToo ?? ""}`.split(" ").filter(Boolean);
}

/** A chart keeps the width of the screen on paper, unless it is told. */
async function resize(root, plotly, size, measured = false) {
  for (const chart of root.querySelectorAll(".js-plotly-plot")) {
    if (!plotly || !chart.data?.length) continue;
    const done = plotly.relayout(chart, size);
    if (measured) { await done; plotly.Plots.resize(chart); }  // as wide as its place, which the chart itself had widened
  }
}

function save(root, id, plotly) {
  const chart = root.querySelector(`#${id} .js-plotly-plot`);
  if (!chart || !plotly || !chart.data?.length) return;  // an empty frame is no picture
  plotly.downloadImage(chart, { format: "png", filename: id, width: chart.clientWidth, height: chart.clientHeight, scale: SCALE });
}
