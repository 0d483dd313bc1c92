// What every page shares: shortcuts, the help sheet, the theme, lists, live parts.
//
// In the pages:
//   data-shortcut="a"    that key clicks it (a field gets the focus)
//   data-list            its children with data-open are walked with j and k
//   data-open="/path"    where Enter leads from that row
//   data-live="/path"    server-sent events that replace parts; rests while hidden
//   data-confirm="..."   asks before a form is sent
"use strict";

const TYPING =
  "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const PLACES = { c: "/claims", t: "/triage", d: "/operations", f: "/figures" };
let chord = "";

function isTyping(target) {
  return target instanceof Element && target.closest(TYPING) !== null;
}

function rows() {
  return [...document.querySelectorAll("[data-list] [data-open]")];
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("at"));
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  const row = all[Math.max(0, Math.min(all.length - 1, next))];
  all.forEach((one) => one.classList.toggle("at", one === row));
  (row.querySelector("a") ?? row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function press(target) {
  if (target.matches("input:not([type=checkbox]), textarea, select")) {
    target.focus();
    target.select?.();
  } else {
    target.click();
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const key = event.key;
  if (chord === "g" && PLACES[key]) {
    chord = "";
    location.href = PLACES[key];
    return;
  }
  chord = key === "g" ? "g" : "";
  if (chord) return;
  const current = document.querySelector("[data-open].at");
  const named = [...document.querySelectorAll("[data-shortcut]")].filter(
    (one) => one.dataset.shortcut === key && !one.disabled,
  );
  const target = named.find((one) => current?.contains(one)) ?? named[0];
  if (key === "?") openHelp();
  else if (target) press(target);
  else if (key === "j") walk(1);
  else if (key === "k") walk(-1);
  else if (key === "Enter" && current && !event.target.closest("a, button, summary")) {
    location.href = current.dataset.open;
  } else return;
  event.preventDefault();
}

function openHelp() {
  document.getElementById("shortcuts")?.showModal();
}

function switchTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

// A part of the page that the server sends anew; nothing is asked for while hidden.
function live(part) {
  let source = null;
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(part.dataset.live);
    source.onmessage = (event) => {
      // Whoever is at work in it is not disturbed; what has an id gets its state back.
      const at = part.contains(document.activeElement) ? document.activeElement : null;
      if (at && !at.id) return;
      const unfolded = [...part.querySelectorAll("details[open][id]")];
      htmx.swap(part, event.data, { swapStyle: "innerHTML" });
      unfolded.forEach(({ id }) => document.getElementById(id)?.setAttribute("open", ""));
      if (at) document.getElementById(at.id)?.focus({ preventScroll: true });
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  open();
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("[data-theme-toggle]")) switchTheme();
  if (target?.closest("[data-help]")) openHelp();
  document.querySelectorAll("details.me[open]").forEach((menu) => {
    if (!menu.contains(target)) menu.open = false;
  });
});
// Asked before any form's own listener hears of it, which would lock the form.
document.addEventListener(
  "submit",
  (event) => {
    const asked = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (!asked || confirm(asked)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-check-all]");
  if (!all) return;
  document
    .querySelectorAll(`input[type=checkbox][name="${all.dataset.checkAll}"]`)
    .forEach((box) => (box.checked = all.checked));
});
document.querySelectorAll("[data-live]").forEach(live);
