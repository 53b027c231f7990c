/** The frame of the page of a day: windows, player with its buttons, timeline, the form for incidents, what happened. Built once. */

import { element } from "./keyed_list.mjs";

const KEYS = [["Space", "toggle"], ["← →", "back"], ["[ ]", "before"], ["I O", "begin"], ["+ −", "zoom-in"], ["PgUp PgDn", "page"]];

/** @param {HTMLElement} root @param {object} config @param {Function} t */
export function frame(root, config, t) {
  const make = (tag, name, { part, text = "", ...given } = {}, ...children) => {
    const node = Object.assign(element(tag, name, text), given);
    if (part) node.dataset.part = part;
    node.append(...children.filter(Boolean));
    return node;
  };
  const act = (name, text, key = "", style = "button") => {
    const words = t(`footage_page.act_${name}`) + (key ? `（${key}）` : "");
    const node = make("button", style, { text, type: "button", title: words });
    node.dataset.act = name;
    node.setAttribute("aria-label", words);
    return node;
  };
  const option = (value, text) => make("option", "", { value, text });
  const labelled = (text, node) => make("label", "act-field", {}, make("span", "", { text }), node);

  function windows() {
    const groups = config.halls.map(({ hall, cameras }) => make("div", "", {}, make("h3", "", { text: hall }),
      make("ol", "footage-list", {}, ...cameras.map((one) => {
        const link = make("a", "footage-window", { href: `?camera=${encodeURIComponent(one.code)}` },
          make("strong", "num", { text: one.window || "—" }), make("span", "", { text: one.name }));
        link.dataset.camera = one.code;
        return make("li", "", {}, link);
      }))));
    const none = make("p", "case-none", { text: t("footage_page.no_cameras"), hidden: config.halls.length > 0 });
    return make("aside", "panel footage-windows", {}, make("h2", "", { text: t("footage_page.windows") }), ...groups, none);
  }

  function head() {
    const words = make("div", "", {}, make("h1", "", { part: "title" }), make("span", "footage-org", { part: "org" }));
    const day = make("input", "field num", { part: "day", type: "date" });
    day.setAttribute("aria-label", t("footage_page.day"));
    return make("header", "footage-head", {}, words, make("div", "footage-days", {}, act("day-before", "‹"), day,
      act("day-after", "›"), act("today", t("footage_page.today"))));
  }

  function reason() {
    const why = make("select", "field", { part: "why" }, option("", t("footage_page.choose_reason")),
      ...config.reasons.map((one) => option(one, t(`view_reason.${one}`))));
    why.setAttribute("aria-label", t("footage_page.reason"));
    const note = make("input", "field", { part: "note", type: "text", maxLength: config.noteMax, placeholder: t("footage_page.note"), autocomplete: "off" });
    note.setAttribute("aria-label", t("footage_page.note"));
    return make("form", "footage-reason", { part: "reason" }, make("strong", "", { text: t("footage_page.reason_needed") }),
      make("p", "", { text: t("footage_page.reason_words") }), why, note,
      make("button", "button button-main", { type: "submit", text: t("footage_page.look") }),
      make("p", "footage-refused", { part: "reason-said" }));
  }

  function controls() {
    const speed = make("select", "field", { part: "speed" });
    speed.setAttribute("aria-label", t("footage_page.speed"));
    const toggle = act("toggle", t("footage_page.play"), "Space", "button button-main footage-toggle");
    toggle.dataset.part = "toggle";
    return make("div", "footage-controls", {}, act("before", "|‹", "["), act("back", "−10s", "←"), toggle, act("forth", "+10s", "→"),
      act("after", "›|", "]"), speed, make("strong", "footage-now num", { part: "now" }),
      make("span", "footage-real num", { part: "real" }), act("still", t("footage_page.still")));
  }

  function form() {
    const kinds = config.kinds.map((one) => make("label", "footage-kind", {},
      make("input", "", { type: "radio", name: "kind", value: one, required: true }), make("span", "", { text: t(`incident_kind.${one}`) })));
    const level = make("select", "field", { name: "level" }, ...["warning", "yellow", "red"].map((one) => option(one, t(`level.${one}`))));
    const fields = make("div", "footage-card-fields", { part: "card-fields", hidden: true }, labelled(t("footage_page.card_level"), level),
      labelled(t("footage_page.card_title"), make("input", "field", { name: "title", type: "text", maxLength: 100, autocomplete: "off" })));
    const span = make("div", "footage-span", {}, act("begin", t("footage_page.from"), "I"), make("strong", "num", { part: "from" }),
      act("end", t("footage_page.to"), "O"), make("strong", "num", { part: "to" }));
    const comment = make("textarea", "field", { name: "comment", maxLength: config.commentMax, rows: 2 });
    const card = make("label", "footage-check", {}, make("input", "", { type: "checkbox", name: "card", value: "1" }),
      make("span", "", { text: t("footage_page.with_card") }));
    return make("section", "panel footage-mark", { part: "mark", hidden: true }, make("h2", "", { text: t("footage_page.mark") }),
      make("form", "", { part: "form" }, span, make("div", "footage-kinds", {}, ...kinds), labelled(t("footage_page.comment"), comment),
        card, fields, make("button", "button button-main", { part: "save", type: "submit", text: t("footage_page.save") }),
        Object.assign(make("p", "feeds-said", { part: "said" }), { role: "status" })));
  }

  function line() {
    const keys = make("div", "footage-keys", {}, ...KEYS.map(([key, name]) => make("span", "", {}, make("kbd", "", { text: key }),
      make("span", "", { text: t(`footage_page.key_${name}`) }))));
    return make("section", "panel footage-lines", {}, make("div", "footage-tools", {}, keys,
      act("zoom-out", "−", "-"), act("zoom-in", "+", "+")), make("div", "footage-timeline", { part: "timeline" }));
  }

  root.replaceChildren(windows(),
    make("section", "panel footage-centre", {}, head(), make("div", "footage-player", { part: "player" }, reason()), controls()),
    make("div", "footage-side", {}, form(), make("section", "panel footage-events", {}, make("h2", "", { text: t("footage_page.events") }),
      make("ol", "", { part: "events" }), make("p", "case-none", { part: "none", text: t("footage_page.no_events") }))),
    line());
}
