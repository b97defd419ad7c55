// Makes the content of an element equal to some HTML, and leaves alone what is equal already, so that what the reader has
// selected, opened or focused stays. Attributes of KEPT are the reader's. The content of data-own comes from elsewhere.
const KEPT = new Set(["hidden", "open", "aria-pressed", "aria-expanded", "aria-selected", "data-asked", "data-active", "data-whole", "tabindex", "aria-describedby"]);

const attributes = (from, to) => {
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value && !KEPT.has(name)) from.setAttribute(name, value);
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !KEPT.has(name)) from.removeAttribute(name);
};
const text = (from, to) => {
  if (to.startsWith(from.data)) from.appendData(to.slice(from.data.length));
  else from.data = to;
};
const morph = (from, to) => {
  let old = from.firstChild;
  for (const next of [...to.childNodes]) {
    if (!old) from.appendChild(next);
    else if (old.nodeName !== next.nodeName || (old.id && old.id !== next.id)) {
      const replaced = old;
      old = old.nextSibling;
      from.replaceChild(next, replaced);
    } else {
      if (old.nodeType === Node.TEXT_NODE) {
        if (old.data !== next.data) text(old, next.data);
      } else if (old.nodeType === Node.ELEMENT_NODE && !old.isEqualNode(next)) {
        attributes(old, next);
        if (!("own" in old.dataset)) morph(old, next);
      }
      old = old.nextSibling;
    }
  }
  while (old) {
    const gone = old;
    old = old.nextSibling;
    gone.remove();
  }
};
const show = (element, html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  morph(element, template.content);
};
