/*
 * Classic script, loaded before the renderer runs: the only place that extends window.dash_clientside.
 * Everything that lives longer than a callback is a module (main.mjs).
 */
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  yangguang: {},
});
