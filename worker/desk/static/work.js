// The work list: what is selected, `a` for the row at hand, and a list that stays new.
//
// The list is asked for anew while the page is looked at, and rests while it is hidden,
// while something is selected, and while somebody is in one of its fields.
"use strict";

const EVERY_MS = 30_000;

function boxes() {
  return [...document.querySelectorAll('#work input[name="claim"]')];
}

function countSelected() {
  const number = boxes().filter((box) => box.checked).length;
  const told = document.querySelector("[data-selected]");
  if (told) told.textContent = number ? `${number} selected` : "";
  return number;
}

// Before desk.js presses the button: with nothing selected, `a` means the row at hand.
function selectCurrent(event) {
  const isPlain = !(event.ctrlKey || event.metaKey || event.altKey);
  if (event.key !== "a" || !isPlain || isTyping(event.target) || countSelected()) return;
  const box = document.querySelector('#work .at input[name="claim"]');
  if (box) box.checked = true;
}

function mayRefresh() {
  const part = document.querySelector("[data-refresh]");
  if (!part || document.hidden || countSelected()) return false;
  if (document.querySelector("dialog[open]")) return false;
  return !part.contains(document.activeElement?.closest("input, select, button"));
}

async function refresh() {
  if (!mayRefresh()) return;
  const at = document.querySelector("#work .at")?.dataset.open;
  const hadFocus = document.querySelector("#work")?.contains(document.activeElement);
  await htmx.ajax("GET", location.pathname + location.search, {
    target: "#work",
    swap: "outerHTML",
    headers: { "X-By-Itself": "yes" }, // no use of the session by a person
  });
  const row = at && document.querySelector(`#work [data-open="${CSS.escape(at)}"]`);
  if (!row) return;
  row.classList.add("at");
  if (hadFocus) row.querySelector("a")?.focus({ preventScroll: true });
}

document.addEventListener("keydown", selectCurrent, true);
document.addEventListener("change", countSelected);
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, EVERY_MS);
