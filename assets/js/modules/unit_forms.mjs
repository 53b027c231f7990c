/** Reply and appeal of a department: text, files with their progress, and what is wrong with them in words. */

import { element, setText } from "./keyed_list.mjs";
import { fileProblem, sizeWords } from "./unit_view.mjs";
import { upload } from "./upload.mjs";

const TEXT_MAX = 4000;

/**
 * @param {"reply"|"appeal"} kind
 * @param {{t: Function, card: object, rules: {types: string[], max_bytes: number}, draft: object, onSend: Function, onClose: Function}} deps
 *        `draft` outlives the form: {text, files: [{name, size, sha256}]}
 */
export function unitForm(kind, { t, card, rules, draft, onSend, onClose }) {
  const form = element("form", `unit-form form-${kind}`);
  const problem = element("p", "unit-problem");
  problem.setAttribute("role", "alert");
  const words = wordsBox();
  const files = element("ul", "unit-files");
  const going = new Set();
  const send = element("button", "button button-main", t(`unit.${kind}.send`));
  form.append(element("h3", "", t(`unit.${kind}.title`)), labelled(words, t(`unit.${kind}.ask`)), picker(), files, problem, buttons());
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  drawFiles();

  function wordsBox() {
    const box = element("textarea", "field unit-words");
    Object.assign(box, { rows: 6, maxLength: TEXT_MAX, value: draft.text ?? "", id: `unit-${kind}-text` });
    box.addEventListener("input", () => { draft.text = box.value; });
    return box;
  }

  function labelled(control, text) {
    const label = element("label", "act-label", text);
    label.htmlFor = control.id;
    const box = element("div", "act-field");
    box.append(label, control);
    return box;
  }

  function picker() {
    const input = element("input", "unit-picker visually-hidden");
    Object.assign(input, { type: "file", multiple: true, accept: rules.types.map((type) => `.${type}`).join(","), id: `unit-${kind}-files` });
    input.addEventListener("change", () => { for (const file of input.files) take(file); input.value = ""; });
    const choose = element("label", "button unit-choose", t("unit.file.choose"));
    choose.htmlFor = input.id;
    const box = element("div", "unit-picking");
    box.append(input, choose, element("span", "act-label", t("unit.file.ask", { types: rules.types.join("、"), mb: Math.floor(rules.max_bytes / 1048576) })));
    return box;
  }

  function buttons() {
    const row = element("div", "act-buttons");
    const cancel = element("button", "button", t("desk.act.cancel"));
    cancel.type = "button";
    cancel.addEventListener("click", onClose);
    row.append(send, cancel);
    return row;
  }

  async function take(file) {
    const wrong = fileProblem(file, rules, t);
    if (wrong) { setText(problem, wrong); return; }
    setText(problem, "");
    const entry = { name: file.name, size: file.size, share: 0 };
    draft.files.push(entry);
    going.add(entry);
    drawFiles();
    try {
      const kept = await upload(`/api/v1/cards/${card.id}/attachments`, file, (share) => { entry.share = share; drawFiles(); });
      Object.assign(entry, { sha256: kept.sha256, share: 1 });
    } catch (fault) {
      draft.files.splice(draft.files.indexOf(entry), 1);
      setText(problem, fault.message === "network" ? t("unit.file.network", { name: file.name }) : fault.message);
    }
    going.delete(entry);
    drawFiles();
  }

  function drawFiles() {
    files.replaceChildren(...draft.files.map((entry) => {
      const line = element("li", "unit-file");
      const bar = element("progress", "unit-progress");
      Object.assign(bar, { max: 1, value: entry.sha256 ? 1 : entry.share ?? 0 });
      bar.setAttribute("aria-label", t("unit.file.progress", { name: entry.name }));
      const drop = element("button", "button unit-drop", t("unit.file.drop"));
      drop.type = "button";
      drop.disabled = !entry.sha256;
      drop.addEventListener("click", () => { draft.files.splice(draft.files.indexOf(entry), 1); drawFiles(); });
      line.append(element("span", "unit-file-name", entry.name), element("span", "num", entry.sha256 ? sizeWords(entry.size) : `${Math.round((entry.share ?? 0) * 100)} %`), bar, drop);
      return line;
    }));
    send.disabled = going.size > 0;
  }

  async function submit() {
    const text = words.value.trim();
    if (!text) { setText(problem, t("unit.text_missing")); words.focus(); return; }
    send.disabled = true;
    setText(problem, t("desk.act.sending"));
    const wrong = await onSend({ type: kind, cards: [{ id: card.id, rev: card.rev }], text, attachments: draft.files.map(({ sha256 }) => sha256) });
    send.disabled = false;
    setText(problem, wrong);
  }

  return { node: form, focus: () => words.focus() };
}
