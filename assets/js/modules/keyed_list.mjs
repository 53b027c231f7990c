/** Keep a list of DOM nodes in step with a list of items: same key, same node; nothing is rebuilt, nothing leaks. */

/**
 * @param {Element} parent holds only nodes made here
 * @param {{key: Function, create: Function, update: Function}} how
 */
export function keyedList(parent, { key, create, update }) {
  let nodes = new Map();

  return {
    render(items) {
      const kept = new Map();
      let cursor = parent.firstElementChild;
      for (const item of items) {
        const id = key(item);
        const node = nodes.get(id) ?? create(item);
        nodes.delete(id);
        kept.set(id, node);
        update(node, item);
        if (node === cursor) cursor = cursor.nextElementSibling;
        else parent.insertBefore(node, cursor);
      }
      for (const node of nodes.values()) node.remove();
      nodes = kept;
    },
    node: (id) => nodes.get(id),
  };
}

/** An element with classes and text; data always goes through textContent. */
export function element(tag, className = "", text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text != null) node.textContent = text;
  return node;
}

/** Write a text only when it changed, so that an unchanged number costs nothing and never flickers. */
export function setText(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

export function toggle(node, className, on) {
  if (node && node.classList.contains(className) !== Boolean(on)) node.classList.toggle(className, Boolean(on));
}

/** The severity mark: shape, word and bars together. */
export function mark(level, t) {
  const node = element("span", `mark mark-${level}`);
  node.append(element("b", "", t(`wall.level.${level}.sign`)), element("i"));
  return node;
}
