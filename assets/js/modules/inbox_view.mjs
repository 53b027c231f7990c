/** What the inbox shows, as words and addresses. Pure. */

const MOST = 99;

/** The number on the badge: nothing for none, "99+" for more than two digits. */
export function badge(unread) {
  if (!unread) return "";
  return unread > MOST ? `${MOST}+` : String(unread);
}

/** What is read out for the button. */
export function label(unread, t) {
  return unread ? t("inbox.label", { n: unread }) : t("inbox.label_none");
}

/** Where a notice leads: to its paper, else to its card. */
export function address(notice) {
  return notice.paper ? `/orders/?view=papers&q=${encodeURIComponent(notice.paper)}` : `/card/${notice.card_id}/`;
}
