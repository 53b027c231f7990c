/**
 * What the pages of the approval staff need beyond Dash: "/" leads to the search, arrows walk a list, and a button with
 * `data-upload` sends one file as it is, one with `data-reuse` takes over a file the applicant gave before. Listens on the document, since Dash draws these nodes anew at any time.
 */

import { upload } from "./upload.mjs";

/** @param {Document} page @param {{t: Function, send?: Function, post?: Function, changed?: Function}} deps */
export function mount(page, { t, send = upload, post = postJson, changed = tellDash }) {
  page.addEventListener("keydown", (event) => onKey(page, event));
  page.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-upload]");
    if (button) choose(page, button, (file) => sendFile(page, button, file, { t, send, changed }));
    const known = event.target.closest?.("[data-reuse]");
    if (known) takeOver(page, known, { t, post, changed });
  });
}

function onKey(page, event) {
  if (isWriting(event.target)) return;
  if (event.key === "/") {
    const search = page.querySelector("#work-search");
    if (search) { event.preventDefault(); search.focus(); }
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const links = [...page.querySelectorAll(".work-grid tbody a.num")];
  if (!step || links.length === 0) return;
  event.preventDefault();
  const row = page.activeElement?.closest?.("tr");
  links[nextPlace(links.findIndex((link) => link.closest("tr") === row), step, links.length)].focus();
}

/** From no row the arrows lead to the first or the last one; at an end they stay. */
export function nextPlace(place, step, length) {
  if (place < 0) return step > 0 ? 0 : length - 1;
  return Math.min(length - 1, Math.max(0, place + step));
}

function isWriting(node) {
  return node?.matches?.("input, textarea, select, [role=listbox], [role=combobox]") ?? false;
}

function choose(page, button, use) {
  const picker = page.createElement("input");
  picker.type = "file";
  picker.addEventListener("change", () => { if (picker.files[0]) use(picker.files[0]); });
  picker.click();
}

async function sendFile(page, button, file, { t, send, changed }) {
  const say = (words) => { const place = page.querySelector("#hosted-upload-said"); if (place) place.textContent = words; };
  button.disabled = true;
  try {
    await send(button.dataset.upload, file, (share) => say(t("hosted.uploading", { percent: Math.round(share * 100) })));
    changed();
    say(t("hosted.uploaded", { name: file.name }));
  } catch (fault) {
    say(fault.message);
  } finally {
    button.disabled = false;
  }
}

async function takeOver(page, button, { t, post, changed }) {
  const say = (words) => { const place = page.querySelector("#hosted-upload-said"); if (place) place.textContent = words; };
  const consent = page.querySelector("#reuse-consent");
  button.disabled = true;
  try {
    await post(button.dataset.reuse, { code: button.closest(".reuse-row").querySelector("select").value,
      sha256: button.dataset.sha256, consent: consent.value });
    changed();
    say(t("hosted.taken_over", { name: button.dataset.name }));
  } catch (fault) {
    say(fault.message);
    consent.focus();
  } finally {
    button.disabled = false;
  }
}

/** Rejects with an Error in the server's words. */
async function postJson(address, body) {
  const answer = await fetch(address, { method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", Accept: "application/json" } });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail ?? `${answer.status}`);
}

/** The page reads the case anew. */
function tellDash() {
  window.dash_clientside?.set_props?.("hosted-changed", { data: `file-${Date.now()}` });
}
