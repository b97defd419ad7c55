// Before a script that shows something wherever it comes to stand on the page: calls `draw` once a frame in which the page changed.
const onChanges = (draw) => {
  let waits = false;
  new MutationObserver(() => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      draw();
    });
  }).observe(document.body, { childList: true, subtree: true });
  draw();
};
