// Shows how far the reading is, and loads the page anew once the chat answers in its place.
(() => {
  const find = (id) => document.getElementById(id);
  let silent = 0; // times in a row that nobody answered, as while the chat takes over
  const look = async () => {
    try {
      const answer = await fetch("progress", { cache: "no-store" });
      if (!answer.ok || !(answer.headers.get("content-type") || "").includes("json")) return location.reload();
      const state = await answer.json();
      silent = 0;
      find("step").textContent = state.text;
      find("count").textContent = state.papers.toLocaleString("en");
      if (state.total) Object.assign(find("bar"), { max: state.total, value: state.done });
      else find("bar").removeAttribute("value");
    } catch {
      if (++silent === 60) find("step").textContent = "The chat does not answer. Look at where it was started.";
    }
    setTimeout(look, 500);
  };
  look();
})();
