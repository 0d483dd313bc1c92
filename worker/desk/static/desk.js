// What every page shares: shortcuts, the help sheet, the theme, lists, live parts.
//
// In the pages:
//   data-shortcut="a"    that key clicks it (a field gets the focus)
//   data-list            its children with data-open are walked with j and k
//   data-open="/path"    where Enter leads from that row
//   data-live="/path"    server-sent events that replace parts; rests while hidden
//   data-when-live, data-when-still   shown while they come, and while they do not
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

// Whether a key means a shortcut. Who speaks to their browser, or hits keys by chance,
// switches them off at their account. Source: WCAG 2.2, 2.1.4.
function isShortcut(event) {
  if (document.body.dataset.keys === "off") return false;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return false;
  return !document.querySelector("dialog[open]");
}

function onKey(event) {
  if (!isShortcut(event)) return;
  const key = event.key;
  if (chord === "g" && PLACES[key]) {
    chord = "";
    // Only where the page leads this person there.
    document.querySelector(`.sections a[href="${PLACES[key]}"]`)?.click();
    return;
  }
  chord = key === "g" ? "g" : "";
  if (chord) return;
  const current = document.querySelector("[data-open].at");
  const named = [...document.querySelectorAll("[data-shortcut]")].filter(
    (one) => one.dataset.shortcut === key && !one.disabled,
  );
  // A key of a row means the row at hand, and nothing where none is.
  const target = named.find((one) => current?.contains(one)) ?? named.find((one) => !one.closest("[data-open]"));
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
  const tell = (isLive) => {
    document.querySelectorAll("[data-when-live]").forEach((one) => (one.hidden = !isLive));
    document.querySelectorAll("[data-when-still]").forEach((one) => (one.hidden = isLive));
  };
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(part.dataset.live);
    source.onopen = () => tell(true);
    source.onerror = () => tell(false); // the browser tries again by itself, or it is over
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
  if (target?.closest("dialog")) return; // the focus goes back to what opened it
  document.querySelectorAll("details.me[open]").forEach((menu) => {
    if (!menu.contains(target)) menu.open = false;
  });
});
// Asked before any form's own listener hears of it, which would lock the form.
document.addEventListener(
  "submit",
  (event) => {
    const asked = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (!asked || event.target.dataset.asked || confirm(asked)) return;
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
