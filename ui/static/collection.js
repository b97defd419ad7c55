// The table of saved papers: ticks, which choose the papers to ask or compare, and buttons, whose clicks are sent to the server.
const ticked = new Set();
let next = null; // finds what has the focus once the button that was pressed last is gone
const all = (selector) => [...element.querySelectorAll(selector)];
const write = (node, text) => node.textContent === text || (node.textContent = text); // a change would call show() again
const undo = () => document.querySelector("#undoing button");
const chat = (ids, more = "") => `./?paper=${ids.map(encodeURIComponent).join(",")}${more}`;

const show = () => {
  const boxes = all("[data-tick]");
  boxes.forEach((box) => (box.checked = ticked.has(box.dataset.tick)));
  const ask = element.querySelector("[data-ask]");
  const compare = element.querySelector("[data-compare]");
  if (!ask) return;
  const there = JSON.parse(ask.dataset.ask);
  [...ticked].filter((id) => !there.includes(id)).forEach((id) => ticked.delete(id));
  const chosen = there.filter((id) => ticked.has(id));
  ask.href = chat(chosen.length ? chosen : there);
  write(ask, chosen.length ? `Ask these (${chosen.length})` : "Ask these");
  compare.disabled = chosen.length < 2;
  write(compare, chosen.length ? `Compare (${chosen.length})` : "Compare");
  compare.dataset.compare = chat(chosen, "&compare");
};

element.addEventListener("change", (event) => {
  const { tick } = event.target.dataset;
  if (tick === undefined) return;
  if (event.target.checked) ticked.add(tick);
  else ticked.delete(tick);
  show();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { compare, remove, column, fill, page } = button.dataset;
  if (compare) location.href = compare;
  if (remove !== undefined) {
    const place = all("[data-remove]").indexOf(button);
    next = () => all("[data-remove]")[Math.min(place, all("[data-remove]").length - 1)] || undo();
    trigger("delete", { paper: remove, column: "" });
  }
  if (column !== undefined) {
    next = undo;
    trigger("delete", { paper: "", column });
  }
  if (fill !== undefined) {
    next = () => all("[data-column]").find((other) => other.dataset.column === fill);
    trigger("submit", { question: fill });
  }
  if (page !== undefined) {
    const turning = () => all("[data-page]:enabled");
    next = () => turning().find((other) => other.textContent === button.textContent) || turning()[0];
    trigger("select", { page: Number(page) });
  }
});

new MutationObserver(() => {
  show();
  if (!next || document.activeElement !== document.body) return;
  next()?.focus();
  next = null;
}).observe(element, { childList: true, subtree: true });
show();
