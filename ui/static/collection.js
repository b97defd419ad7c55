// The table of saved papers: sends to the server which of its buttons was pressed, and keeps the focus in the table.
let next = null; // finds what has the focus once the button that was pressed last is gone
const all = (selector) => [...element.querySelectorAll(selector)];
const undo = () => document.querySelector("#undoing button");

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { remove, column, fill, page } = button.dataset;
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
  if (!next || document.activeElement !== document.body) return;
  next()?.focus();
  next = null;
}).observe(element, { childList: true, subtree: true });
