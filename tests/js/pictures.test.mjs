import test from "node:test";
import assert from "node:assert/strict";

import { idsOf, mount } from "../../assets/js/modules/pictures.mjs";

/** A page with the charts given by id; `press` clicks a button with that data. */
function page(charts) {
  const saved = [];
  const sized = [];
  const calls = { printed: 0 };
  const printer = {};
  let answer;
  const root = {
    addEventListener: (_name, listener) => { answer = listener; },
    querySelectorAll: () => Object.values(charts),
    querySelector: (selector) => charts[selector.match(/^#([\w-]+) /)[1]] ?? null,
  };
  const plotly = () => ({
    downloadImage: (chart, options) => saved.push([chart, options]), relayout: (chart, size) => sized.push([chart, size.width]),
    Plots: { resize: (chart) => sized.push([chart, "measured"]) },
  });
  const view = { addEventListener: (name, listener) => { printer[name] = listener; } };
  mount(root, { plotly, print: () => { calls.printed += 1; }, view });
  return { saved, sized, calls, printer, press: (dataset) => answer({ target: { closest: () => (dataset ? { dataset } : null) } }) };
}

const chart = (data = [{}]) => ({ data, clientWidth: 600, clientHeight: 400 });

test("a button saves its charts as pictures of twice their size", () => {
  const charts = { funnel: chart(), course: chart() };
  const { saved, press } = page(charts);
  press({ pictureOf: "funnel", pictureToo: "course" });
  assert.deepEqual(saved, [
    [charts.funnel, { format: "png", filename: "funnel", width: 600, height: 400, scale: 2 }],
    [charts.course, { format: "png", filename: "course", width: 600, height: 400, scale: 2 }],
  ]);
});

test("an empty frame and a chart that is not there are no pictures", () => {
  const { saved, press } = page({ funnel: chart([]) });
  press({ pictureOf: "funnel", pictureToo: "gone" });
  assert.deepEqual(saved, []);
});

test("the button of paper prints, and a click elsewhere does nothing", () => {
  const { saved, calls, press } = page({});
  press({ print: "true" });
  press(null);
  assert.equal(calls.printed, 1);
  assert.deepEqual(saved, []);
});

test("a button may name one chart or several", () => {
  assert.deepEqual(idsOf({ dataset: { pictureOf: "a" } }), ["a"]);
  assert.deepEqual(idsOf({ dataset: { pictureOf: "a", pictureToo: "b c" } }), ["a", "b", "c"]);
});

test("charts are as wide as the paper while it is printed, and as their place afterwards", async () => {
  const charts = { funnel: chart(), empty: chart([]) };
  const { sized, printer } = page(charts);
  printer.beforeprint();
  printer.afterprint();
  await null;
  assert.deepEqual(sized, [[charts.funnel, 1000], [charts.funnel, null], [charts.funnel, "measured"]]);
});
