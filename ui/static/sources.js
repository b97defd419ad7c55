// The script of the sources: shows the papers of one answer at a time, and keeps what the reader has opened.
const panel = element.querySelector(".panel");
let last = "";
const draw = () => {
  show(panel, props.value || "");
  const sections = [...panel.querySelectorAll("section")];
  const newest = sections.length ? sections[sections.length - 1].id : "";
  const shown = sections.filter((one) => !one.hidden);
  if (newest !== last || shown.length !== 1) for (const one of sections) one.hidden = one.id !== newest;
  last = newest;
};
watch("value", draw);
draw();
panel.addEventListener("click", (event) => {
  const whole = event.target.closest(".whole");
  if (!whole) return;
  const open = whole.getAttribute("aria-expanded") !== "true";
  whole.setAttribute("aria-expanded", String(open));
  whole.closest(".card").toggleAttribute("data-whole", open);
});
