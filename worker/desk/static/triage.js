// Keys that mean the chosen row, and nothing where none is chosen: data-row-key="e".
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select")) return;
  if (document.querySelector("dialog[open]")) return;
  const chosen = document.querySelector("[data-open].at");
  const act = chosen?.querySelector(`[data-row-key="${CSS.escape(event.key)}"]`);
  if (!act) return;
  event.preventDefault();
  act.click();
});
