// The ticks of all pages: which papers are ticked, for as long as the tab is open, and what can be done with them.
const bar = element.querySelector(".ticked");
const ask = bar.querySelector("a");
const compare = bar.querySelector("[data-compare]");
const most = Number(bar.dataset.most); // papers side by side
const ticked = new Set(JSON.parse(sessionStorage.getItem("ticked") || "[]"));
const chat = () => `./?paper=${[...ticked].map(encodeURIComponent).join(",")}`;
const write = (node, text) => node.textContent === text || (node.textContent = text); // a change would call draw() again

const draw = () => {
  document.querySelectorAll("[data-tick]").forEach((box) => (box.checked = ticked.has(box.dataset.tick)));
  bar.hidden = !ticked.size;
  ask.href = chat();
  write(ask, `Ask these (${ticked.size})`);
  compare.disabled = ticked.size < 2 || ticked.size > most;
  write(compare, ticked.size > most ? `Compare (at most ${most})` : `Compare (${ticked.size})`);
};
const keep = () => {
  sessionStorage.setItem("ticked", JSON.stringify([...ticked]));
  draw();
};
const empty = () => {
  ticked.clear();
  keep();
};

document.addEventListener("change", (event) => {
  const { tick } = event.target.dataset;
  if (tick === undefined) return;
  if (event.target.checked) ticked.add(tick);
  else ticked.delete(tick);
  keep();
});
bar.addEventListener("click", (event) => {
  if (event.target.closest("[data-untick]")) return empty();
  const compares = event.target.closest("[data-compare]");
  if (!compares && event.target !== ask) return;
  event.preventDefault();
  const address = chat();
  if (compares) sessionStorage.setItem("compare", "now"); // the question that compares them is asked at once
  empty();
  location.assign(compares ? `${address}&compare` : address);
});
onChanges(draw);
