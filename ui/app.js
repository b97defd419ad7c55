// Follows a citation to the sentence it stands on, and copies an answer: one listener for all, as messages come and go.
() => {
  const show = (id) => {
    const target = document.getElementById(id) || document.getElementById(id.split("-").slice(0, 3).join("-"));
    if (!target) return;
    const section = target.closest("section");
    document.querySelectorAll("#sources section").forEach((other) => (other.hidden = other !== section));
    const folded = target.closest("details");
    if (folded) folded.open = true;
    document.querySelectorAll("#sources .active").forEach((other) => other.classList.remove("active"));
    target.classList.add("active");
    target.closest(".card").classList.add("active");
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
    target.focus({ preventScroll: true });
  };
  const copy = (link) => {
    const written = document.getElementById(link.getAttribute("href").slice(1));
    const said = link.textContent;
    const tell = (text) => {
      link.textContent = text;
      setTimeout(() => (link.textContent = said), 2000);
    };
    if (!written) return tell("Not at hand any more");
    navigator.clipboard.writeText(written.textContent).then(() => tell("Copied"), () => tell("The browser refused"));
  };
  document.addEventListener("click", (event) => {
    const copied = event.target.closest("a.copy");
    if (copied) {
      event.preventDefault();
      copy(copied);
      return;
    }
    const link = event.target.closest("a.cite");
    if (!link) return;
    event.preventDefault();
    show(link.getAttribute("href").slice(1));
  });
}
