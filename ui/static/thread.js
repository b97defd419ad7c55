// The script of the conversation: draws exchanges without touching what stays as it is, keeps the reader's place, and tells
// the server what its buttons want. Gradio runs it with `element`, `props`, `watch` and `trigger`.
const thread = element.querySelector(".thread");

// -- drawing
let drawn = [];
let following = false; // only a reader who went to the end is taken along
const atEnd = () => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 4;
const draw = () => {
  const exchanges = props.value || [];
  const added = exchanges.length === drawn.length + 1;
  while (thread.children.length > exchanges.length) thread.lastElementChild.remove();
  exchanges.forEach((html, n) => {
    if (html === drawn[n]) return;
    let exchange = thread.children[n];
    if (!exchange) {
      exchange = thread.appendChild(document.createElement("article"));
      exchange.className = "exchange";
    }
    show(exchange, html);
  });
  drawn = exchanges;
  if (added) {
    following = false;
    thread.scrollTop += thread.lastElementChild.getBoundingClientRect().top - thread.getBoundingClientRect().top;
  } else if (following) thread.scrollTop = thread.scrollHeight;
};
for (const moved of ["wheel", "touchmove", "keyup", "pointerup"])
  thread.addEventListener(moved, () => requestAnimationFrame(() => (following = atEnd() && thread.scrollHeight > thread.clientHeight)), { passive: true });
watch("value", draw);
draw();

// -- what the buttons want, by the position of their exchange
const edit = (button, n) => {
  const asked = button.closest(".exchange").querySelector(".asked");
  const before = asked.textContent;
  const form = document.createElement("form");
  form.className = "editing";
  const box = form.appendChild(document.createElement("textarea"));
  box.value = before;
  box.setAttribute("aria-label", "The question, to be changed");
  for (const [label, kind] of [["Ask", "submit"], ["Cancel", "button"]]) {
    const one = form.appendChild(document.createElement("button"));
    one.type = kind;
    one.textContent = label;
  }
  const done = () => {
    form.remove();
    asked.hidden = false;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    done();
    if (box.value.trim()) trigger("edit", { index: n, previous_value: before, value: box.value });
  });
  form.lastElementChild.addEventListener("click", () => (done(), button.focus()));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") done(), button.focus();
    if (event.key === "Enter" && !event.shiftKey) event.preventDefault(), form.requestSubmit();
  });
  asked.hidden = true;
  asked.after(form);
  box.focus();
};
thread.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const n = Number(button.dataset.n);
  const wanted = button.dataset.do;
  if (wanted === "edit") return edit(button, n);
  if (wanted === "like") {
    const up = Boolean(button.dataset.up);
    const taken = button.getAttribute("aria-pressed") === "true";
    for (const one of button.parentElement.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button && !taken));
    return trigger("like", { index: n, value: "", liked: taken ? null : up });
  }
  trigger(wanted, { index: n, value: button.dataset.value || "" });
});
