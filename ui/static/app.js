// The page's script. It follows a citation to its sentence and back, shows what a mark means, copies an answer, and announces
// to screen readers how far an answer is. Messages come and go, so the listeners are on the document.
() => {
  const find = (selector) => document.querySelector(selector);

  // -- from a citation to its sentence and back
  let followed = null; // the address of the citation that was followed last
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
    reach(target);
  };
  const reach = (target) => {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
    target.focus({ preventScroll: true });
  };
  const back = () => {
    const link =
      followed && [...document.querySelectorAll("#chat a.cite")].find((one) => one.getAttribute("href") === followed);
    reach(link || find("#question textarea"));
  };

  // -- copying an answer with its references
  const copy = (link) => {
    const copied = document.getElementById(link.getAttribute("href").slice(1));
    const label = link.textContent;
    const report = (text) => {
      link.textContent = text;
      setTimeout(() => (link.textContent = label), 2000);
    };
    if (!copied) return report("No longer on this page");
    const refused = () => report("The browser did not allow it");
    navigator.clipboard.writeText(copied.textContent).then(() => report("Copied"), refused);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.cite, a.copy, a.back");
    if (!link) return;
    event.preventDefault();
    if (link.matches(".copy")) return copy(link);
    if (link.matches(".back")) return back();
    followed = link.getAttribute("href");
    hide();
    show(followed.slice(1));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (event.key !== " " || !event.target.matches("a[role=button]")) return;
    event.preventDefault();
    event.target.click();
  });

  // -- the meaning of the citation or mark under the pointer or the focus: a title that the keyboard reaches too
  const tip = document.body.appendChild(document.createElement("div"));
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  const hide = () => (tip.hidden = true);
  const explain = (event) => {
    const mark = event.target.closest && event.target.closest("#chat a.cite, #chat .doubt, #chat .differs, #chat .cite.invalid");
    if (!mark) return hide();
    if (mark.title) {
      mark.dataset.tip = mark.title;
      if (mark.matches("[role=img]")) mark.setAttribute("aria-label", mark.title); // the name of a sign, which is no text
      mark.removeAttribute("title"); // else the browser shows it too
      mark.setAttribute("aria-describedby", "tip");
    }
    const [first, ...rest] = (mark.dataset.tip || "").split("\n");
    tip.replaceChildren();
    tip.appendChild(document.createElement(rest.length ? "strong" : "span")).textContent = first;
    if (rest.length) tip.appendChild(document.createElement("span")).textContent = rest.join("\n");
    tip.hidden = !first;
    const at = mark.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, window.innerWidth - tip.offsetWidth - 8));
    const above = at.top - tip.offsetHeight - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above < 8 ? at.bottom + 8 : above}px`;
  };
  document.addEventListener("mouseover", explain);
  document.addEventListener("focusin", explain);
  document.addEventListener("scroll", hide, true);

  // -- names and states that Gradio's components lack, and how far an answer is
  const status = document.body.appendChild(document.createElement("p"));
  status.id = "status";
  status.setAttribute("role", "status");
  let busy = false;
  const name = () => {
    const toggle = find("#kept .toggle-button");
    if (toggle) {
      toggle.setAttribute("aria-label", "Conversations");
      toggle.title = "Conversations";
      toggle.setAttribute("aria-expanded", String(find("#kept").classList.contains("open")));
    }
    const page = find("#masthead [aria-current]");
    if (page && page.textContent !== "Chat" && !document.title.startsWith(page.textContent))
      document.title = `${page.textContent} · ${document.title}`;
    document.querySelectorAll("button.label-wrap").forEach((it) => it.setAttribute("aria-expanded", it.matches(".open")));
    document.querySelectorAll("#chat .examples[role=list]").forEach((it) => it.setAttribute("role", "group"));
    const now = Boolean(find("#question .stop-button"));
    if (now === busy) return;
    busy = now;
    const log = find("#chat [role=log]");
    if (log) log.setAttribute("aria-busy", String(busy)); // screen readers read an answer when it is complete
    status.textContent = busy ? "Searching the abstracts." : "The answer is ready.";
  };
  // When the focused element goes away, the focus moves to the question, so keyboard users do not lose it.
  let keyboard = false;
  document.addEventListener("pointerdown", () => (keyboard = false), true);
  document.addEventListener("keydown", () => (keyboard = true), true);
  document.addEventListener("focusout", (event) => {
    if (!keyboard || event.relatedTarget) return;
    const left = event.target;
    setTimeout(() => {
      const box = find("#question textarea");
      const gone = !left.isConnected || !left.getClientRects().length || left.disabled;
      if (box && gone && document.activeElement === document.body) box.focus();
    }, 300);
  });
  let waits = false;
  new MutationObserver(() => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      name();
    });
  }).observe(document.body, { attributes: true, attributeFilter: ["class"], childList: true, subtree: true });
  name();
}
