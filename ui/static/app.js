// The page's script. It follows a citation to its sentence and back, shows what a mark means, copies an answer, listens to
// keys, and announces to screen readers how far an answer is. Exchanges come and go, so the listeners are on the document.
() => {
  const find = (selector) => document.querySelector(selector);

  // -- from a citation or a doubtful sentence to the sentence of the abstract, and back
  let followed = null; // what was followed last
  const show = (id) => {
    const target = document.getElementById(id) || document.getElementById(id.split("-").slice(0, 3).join("-"));
    if (!target) return;
    const section = target.closest("section");
    document.querySelectorAll("#sources section").forEach((other) => (other.hidden = other !== section));
    const within = target.closest("[role=tabpanel][hidden]");
    if (within) document.getElementById(within.getAttribute("aria-labelledby")).click();
    document.querySelectorAll("[data-active]").forEach((other) => delete other.dataset.active);
    for (const active of [target, target.closest(".card"), followed]) active.dataset.active = "";
    reach(target);
  };
  const reach = (target) => {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
    target.focus({ preventScroll: true });
  };
  const back = () => {
    const there = followed && followed.isConnected;
    reach(there ? followed : find("#question textarea"));
  };
  const jump = (button) => {
    const claims = [...button.closest(".exchange").querySelectorAll(`.reading .claim.${button.dataset.jump}`)];
    const next = claims[(claims.findIndex((one) => "active" in one.dataset) + 1) % claims.length];
    if (!next) return;
    document.querySelectorAll(".claim[data-active]").forEach((other) => delete other.dataset.active);
    next.dataset.active = "";
    next.tabIndex = -1;
    reach(next);
  };

  // -- copying an answer with its references
  const copy = (button) => {
    const copied = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    const report = (text) => {
      button.textContent = text;
      setTimeout(() => (button.textContent = label), 2000);
    };
    if (!copied) return report("No longer on this page");
    const refused = () => report("The browser did not allow it");
    navigator.clipboard.writeText(copied.textContent).then(() => report("Copied"), refused);
  };

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest(".copy, .back, .jump, a.cite, .verdict, .claim");
    if (!pressed) return;
    if (pressed.matches(".copy")) return copy(pressed);
    if (pressed.matches(".back")) return back();
    if (pressed.matches(".jump")) return jump(pressed);
    const cited = pressed.getAttribute("href");
    if (cited) event.preventDefault();
    const id = cited ? cited.slice(1) : pressed.dataset.to;
    const selects = pressed.matches(".claim") && !getSelection().isCollapsed;
    if (!id || selects) return;
    followed = pressed.matches(".claim") ? pressed.querySelector(".verdict, a.cite") || nearest(pressed) : pressed;
    hide();
    show(id);
  });
  // What the keyboard can return to from the sentence of a claim: what stands behind it, or its paragraph's first citation.
  const nearest = (claim) => {
    const next = claim.nextElementSibling;
    if (next && next.matches(".verdict, a.cite")) return next;
    claim.tabIndex = -1;
    return claim;
  };
  // On a narrow page the side covers the conversation, until something is chosen there.
  document.addEventListener("change", (event) => {
    if (event.target.closest("#listed") && narrow()) find("#kept .toggle-button").click();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#anew") && narrow()) find("#kept .toggle-button").click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    hide();
    if (event.target.closest("#sources")) back();
  });

  // -- to the question: "/" outside of fields, and Ctrl+K; in an empty box, arrow up brings the last question back
  document.addEventListener("keydown", (event) => {
    const box = find("#question textarea");
    if (!box || event.altKey || event.shiftKey || event.isComposing) return;
    const control = event.ctrlKey || event.metaKey;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (control ? event.key.toLowerCase() === "k" : event.key === "/" && !typing) {
      event.preventDefault();
      box.focus();
    }
    const last = [...document.querySelectorAll("#thread .asked")].pop();
    if (event.key !== "ArrowUp" || control || event.target !== box || box.value || !last) return;
    event.preventDefault();
    box.value = last.textContent;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // -- the meaning of the citation or mark under the pointer or the focus: a title that the keyboard reaches too
  const tip = (find("main") || document.body).appendChild(document.createElement("div"));
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  const hide = () => (tip.hidden = true);
  const explain = (event) => {
    const mark = event.target.closest && event.target.closest("#thread [data-tip]");
    if (!mark) return hide();
    mark.setAttribute("aria-describedby", "tip");
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

  // -- a page is shown once it is whole, so that nothing moves or flashes while it is loaded
  const root = document.documentElement;
  const WHOLE = "#scope .unfold, #found .views, #paper p, #evidence .empty, #evidence table";
  const opens = new URLSearchParams(location.search);
  const talk = opens.get("talk") || (!opens.has("paper") && sessionStorage.getItem("talk"));
  const reveal = () => {
    if ("whole" in root.dataset || !find(WHOLE)) return;
    if (find("#thread") && talk && !find(".exchange, .toast-body")) return;
    root.dataset.whole = "";
  };

  // -- names and states that Gradio's components lack, and how far an answer is
  const status = document.body.appendChild(document.createElement("p"));
  status.id = "status";
  status.setAttribute("role", "status");
  let busy = false;
  const narrow = () => window.innerWidth <= 1100; // the side covers the page
  const name = () => {
    reveal();
    const toggle = find("#kept .toggle-button");
    if (toggle) {
      const side = find("#kept");
      const first = !("seen" in side.dataset);
      side.dataset.seen = "";
      const open = side.classList.contains("open");
      const closes = first && open && narrow();
      if (closes) toggle.click(); // its class goes a moment later
      toggle.setAttribute("aria-label", "Menu");
      toggle.title = "Menu";
      toggle.setAttribute("aria-expanded", String(open && !closes));
    }
    const page = find("#masthead [aria-current]")?.firstChild.data.trim(); // what follows is a count
    if (page && page !== "Ask" && !document.title.startsWith(page)) document.title = `${page} · ${document.title}`;
    document.querySelectorAll("button.label-wrap").forEach((it) => it.setAttribute("aria-expanded", it.matches(".open")));
    const now = Boolean(find("#question .stop-button"));
    if (now === busy) return;
    busy = now;
    const log = find("#thread [role=log]");
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
