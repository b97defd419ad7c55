// The button and the dialog that connects a model: opens it, sends what is pressed or typed, and closes it once a model is chosen.
// The browser keeps the focus within an open dialog, closes it with Escape, and gives the focus back to the button.
const dialog = element.querySelector("dialog");
const offers = dialog.querySelector(".offers");
const form = dialog.querySelector("form");
const told = () => offers?.querySelector(".told");
const busy = () => told() && "busy" in told().dataset;

const draw = () => {
  if (!offers) return;
  show(offers, props.value || "");
  for (const button of dialog.querySelectorAll("button:not(.close)")) button.setAttribute("aria-disabled", String(Boolean(busy())));
  if (told() && "taken" in told().dataset) form.reset(); // a key is sent once
  if (told() && "done" in told().dataset) dialog.close();
};
watch("value", draw);
draw();

const look = () => trigger("expand", {});
element.querySelector(".open").addEventListener("click", () => {
  dialog.showModal();
  if (offers) look();
});
dialog.querySelector(".close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) return dialog.close(); // what is around it
  const button = event.target.closest("button");
  if (!button || busy()) return;
  if (button.matches(".again")) look();
  if (button.dataset.server) trigger("select", { server: Number(button.dataset.server), model: button.dataset.model });
});
dialog.addEventListener("close", () => {
  if (busy()) trigger("collapse", {});
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!busy()) trigger("submit", Object.fromEntries(new FormData(form)));
});
