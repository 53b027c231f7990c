/**
 * Charts as picture files, and the page on paper. A button names its chart (`data-picture-of`), and with `data-picture-too` further
 * ones, apart by blanks; each becomes a PNG of twice the size it has on the screen.
 */

const SCALE = 2;

/** Listens to the buttons of the page; `plotly` and `print` are the browser's unless a test gives others. */
export function mount(root, { plotly = () => window.Plotly, print = () => window.print() } = {}) {
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

function save(root, id, plotly) {
  const chart = root.querySelector(`#${id} .js-plotly-plot`);
  if (!chart || !plotly || !chart.data?.length) return;  // an empty frame is no picture
  plotly.downloadImage(chart, { format: "png", filename: id, width: chart.clientWidth, height: chart.clientHeight, scale: SCALE });
}
