/**
 * What the server says of a card, an alarm or a command is in the language of the installation, and under `words` in the others.
 * A page shows it in its own.
 */

/** The language of this page, by its code. */
export const pageLanguage = () => document.documentElement.lang.slice(0, 2);

/** What was told, in the words of that language; as it is where it has none of them. Pure. */
export function spoken(told, language) {
  const words = told?.words?.[language];
  return words ? { ...told, ...words } : told;
}

/** A command's answer and those of its cards. Pure. */
export function spokenAnswer(answer, language) {
  if (!answer) return answer;
  return { ...spoken(answer, language), results: answer.results?.map((result) => spoken(result, language)) };
}
