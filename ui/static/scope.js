// The chips in the question's frame: shows them, unfolds the fields of the filters, and tells the server which restriction to lift.
const chips = element.querySelector(".chips");
let open = false;
const mark = () => chips.querySelectorAll(".unfold").forEach((one) => one.setAttribute("aria-expanded", String(open)));
const draw = () => {
  show(chips, props.value || "");
  mark();
};
watch("value", draw);
draw();
chips.addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (!pressed) return;
  if (pressed.dataset.lift) return trigger("select", { index: 0, value: pressed.dataset.lift, selected: true });
  open = !open;
  mark();
});
