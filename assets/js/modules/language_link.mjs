/** The link to the other language leads to where one is: what the address names (a case searched for, a record chosen) stays named. */

/** @param {string} href of the link, which names the language alone @param {string} search of the address as it is now */
export function withLanguageOf(href, search) {
  const params = new URLSearchParams(search);
  params.set("lang", new URLSearchParams(href.split("?")[1]).get("lang"));
  return `?${params}`;
}

/** @param {HTMLAnchorElement} link */
export function mount(link, place = location) {
  link.addEventListener("click", () => { link.href = withLanguageOf(link.getAttribute("href"), place.search); });
}
