// The script of the sources: shows the papers of one answer at a time, in tabs, and keeps what the reader has opened.
const panel = element.querySelector(".panel");
let last = "";
const draw = () => {
  show(panel, props.value || "");
  const sections = [...panel.querySelectorAll("section")];
  const newest = sections.length ? sections[sections.length - 1].id : "";
  const shown = sections.filter((one) => !one.hidden);
  if (newest !== last || shown.length !== 1) for (const one of sections) one.hidden = one.id !== newest;
  last = newest;
  const first = panel.querySelector("section:not([hidden]) [data-first]:not([data-asked])");
  if (!first) return;
  first.dataset.asked = ""; // once: then the reader chooses
  choose(first);
};
panel.addEventListener("click", (event) => {
  const whole = event.target.closest(".whole");
  if (!whole) return;
  const open = whole.getAttribute("aria-expanded") !== "true";
  whole.setAttribute("aria-expanded", String(open));
  whole.closest(".card").toggleAttribute("data-whole", open);
});

// -- tabs: a click or an arrow key chooses one. The papers by year are asked for when they are first shown.
const choose = (tab) => {
  for (const one of tab.parentElement.children) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = one !== tab;
  }
  const own = document.getElementById(tab.getAttribute("aria-controls")).querySelector("[data-own]");
  if (!own || "asked" in own.dataset) return;
  own.dataset.asked = "";
  trigger("select", { n: Number(own.dataset.n) });
};
panel.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) choose(tab);
});
panel.addEventListener("keydown", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (!tab) return;
  const tabs = [...tab.parentElement.children];
  const last = tabs.length - 1;
  const at = tabs.indexOf(tab);
  const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  choose(tabs[next]);
  tabs[next].focus();
});

watch("value", draw);
draw();
