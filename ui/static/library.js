// The library page's script. The address is the state: links and the search form change it without loading the page anew, and
// Back and Forward show what it was. Files dropped anywhere are added. Without this script, links and form load the page.
const page = () => document.querySelector("#library");
let wanted = location.search; // the address to be shown
let sent = location.search; // the one that is being asked for, the first by the page; one at a time, else an earlier could come last
let left = null; // the head of what a link has left, until something else is shown
let field = null; // the name of the field that has the focus when the form is shown anew

const open = (address, after) => {
  left = after;
  wanted = address;
  if (sent === null) send();
};
const send = () => {
  sent = wanted;
  trigger("select", { address: sent });
};
window.addEventListener("library-shown", () => {
  const newer = wanted !== sent;
  sent = null;
  if (newer) return send();
  if (field && document.activeElement === document.body) page().querySelector(`#search [name="${field}"]`)?.focus();
  field = null;
});
const go = (address, after) => {
  history.pushState(null, "", address);
  open(location.search, after);
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("#library a[data-view]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const href = link.getAttribute("href");
  go(href, link.closest("#found, #paper") ? head() : null);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("#library form[data-view]");
  if (!form) return;
  event.preventDefault();
  field = document.activeElement.name;
  const given = [...new FormData(form)].filter(([, value]) => value.trim());
  const query = new URLSearchParams(given).toString();
  go(query ? `library?${query}` : "library", null);
});
document.addEventListener("change", (event) => {
  const choice = event.target.closest("#library form[data-view] select");
  if (choice) choice.form.requestSubmit();
});
window.addEventListener("popstate", () => {
  if (location.search !== wanted) open(location.search, null); // and not for a link within the page
});

// After a link of the list or of a paper, reading begins at the top of what it shows.
const top = () => [...page().querySelectorAll("#paper h2, #found .scope")].find((one) => one.getClientRects().length);
const head = () => top()?.textContent || left;
new MutationObserver(() => {
  if (!left || !page() || head() === left) return;
  left = null;
  window.scrollTo(0, 0);
  top().focus({ preventScroll: true });
}).observe(page(), { childList: true, subtree: true });

// -- dropped files
const carriesFiles = (event) => page() && [...(event.dataTransfer?.types || [])].includes("Files");
let within = 0;
const mark = (on) => document.body.classList.toggle("dropping", on);
document.addEventListener("dragenter", (event) => {
  if (carriesFiles(event)) mark(++within > 0);
});
document.addEventListener("dragleave", (event) => {
  if (carriesFiles(event)) mark(--within > 0);
});
document.addEventListener("dragover", (event) => {
  if (carriesFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  within = 0;
  mark(false);
  const input = document.querySelector("#add input[type=file]");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
