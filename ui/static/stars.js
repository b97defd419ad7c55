// Sets the state of every star on the page, and sends which one was pressed. Runs in the component that names the saved papers.
const told = () => new Set(JSON.parse(element.querySelector("[data-saved]")?.dataset.saved || "[]"));
const papers = (star) => JSON.parse(star.dataset.star);
let saved = told();

const show = () => {
  document.querySelectorAll("[data-star]").forEach((star) => {
    const pressed = String(papers(star).every((id) => saved.has(id)));
    if (star.getAttribute("aria-pressed") !== pressed) star.setAttribute("aria-pressed", pressed);
  });
  const link = document.querySelector("#masthead a[href=collection]");
  if (link && link.dataset.count !== String(saved.size)) link.dataset.count = String(saved.size);
};

document.addEventListener("click", (event) => {
  const star = event.target.closest("[data-star]");
  if (!star) return;
  const wanted = star.getAttribute("aria-pressed") !== "true";
  papers(star).forEach((id) => (wanted ? saved.add(id) : saved.delete(id)));
  show(); // at once; the server's answer corrects it
  trigger("select", { papers: papers(star), saved: wanted });
});

new MutationObserver(() => {
  saved = told();
  show();
}).observe(element, { attributes: true, attributeFilter: ["data-saved"], childList: true, subtree: true });
onChanges(show);
