// The reply's editor: marks on what is to fill in, saving by itself, Ctrl+Enter,
// who else is here. Without this file the buttons do all of it.
"use strict";

const BEAT_MS = 15000;
const SAVE_AFTER_MS = 900;
const STATE_EVERY_MS = 2000;
const GAP = /\[[a-z][^[\]\n]{0,80}\]/g;

function token() {
  return document.querySelector('input[name="csrf"]')?.value ?? "";
}

// A page that asks by itself does not keep the session of somebody who has left.
const BY_ITSELF = { "HX-Request": "true", "X-By-Itself": "yes" };

async function post(path, fields, more = {}) {
  const headers = { "X-CSRF-Token": token(), "HX-Request": "true", ...more };
  const answer = await fetch(path, { method: "POST", headers, body: new URLSearchParams(fields) });
  return answer.status === 200 ? answer.text() : null;
}

// -- the text ------------------------------------------------------------------

function mark(area, under) {
  under.replaceChildren();
  let from = 0;
  for (const found of area.value.matchAll(GAP)) {
    under.append(area.value.slice(from, found.index));
    const gap = document.createElement("mark");
    gap.textContent = found[0];
    under.append(gap);
    from = found.index + found[0].length;
  }
  under.append(area.value.slice(from) + "\n");
  under.scrollTop = area.scrollTop;
}

function edit(form) {
  const area = form.querySelector("textarea");
  const state = form.querySelector("[data-autosave]");
  const frame = document.querySelector('iframe[name="preview-text"]');
  const under = form.querySelector(".marks");
  let waiting = 0;
  let isDirty = false;
  let isLeaving = false;

  const save = async () => {
    clearTimeout(waiting);
    if (!isDirty) return;
    isDirty = false;
    const fields = new URLSearchParams(new FormData(form));
    fields.set("do", "autosave");
    const text = await post(form.action, fields).catch(() => null);
    if (isLeaving) return;
    if (text === null) {
      isDirty = true;
      state.textContent = "Not saved yet: the desk does not answer. Your text is still here.";
      return;
    }
    state.innerHTML = text;
    if (frame) frame.src = frame.src;
  };
  const typed = () => {
    isDirty = true;
    mark(area, under);
    clearTimeout(waiting);
    waiting = setTimeout(save, SAVE_AFTER_MS);
  };
  form.addEventListener("input", (event) => {
    if (!event.target.matches("[data-clause-find]")) typed();
  });
  area.addEventListener("scroll", () => (under.scrollTop = area.scrollTop));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-send]"));
  });
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    isLeaving = true;
    isDirty = false;
    clearTimeout(waiting);
    form.dataset.sent = "yes";
  });
  // Coming back by the browser's own button finds the form alive again.
  addEventListener("pageshow", () => {
    delete form.dataset.sent;
    isLeaving = false;
    mark(area, under);
  });
  addEventListener("pagehide", () => {
    if (!isDirty) return;
    const fields = new FormData(form);
    fields.set("do", "autosave");
    navigator.sendBeacon(form.action, fields);
  });
  new ResizeObserver(() => mark(area, under)).observe(area);
  mark(area, under);

  const find = form.querySelector("[data-clause-find]");
  if (find) {
    find.closest("label").hidden = false;
    find.addEventListener("input", () => {
      const wanted = find.value.trim().toLowerCase();
      form.querySelectorAll(".clauses li").forEach((one) => {
        one.hidden = !one.textContent.toLowerCase().includes(wanted);
      });
    });
    find.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  }
}

// -- who is here ---------------------------------------------------------------

function beacon(path, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, csrf: token() })) form.append(name, value);
  navigator.sendBeacon(path, form);
}

function stay(place) {
  const path = place.dataset.presence;
  const seen = { version: place.dataset.version, events: place.dataset.events };
  const area = document.getElementById("reply-body");
  const beat = async () => {
    if (document.hidden) return;
    const doing = area && (document.activeElement === area || area.value !== area.defaultValue) ? "writing" : "reading";
    const text = await post(path, { doing, ...seen }, BY_ITSELF).catch(() => null);
    if (text !== null && text.trim() !== place.innerHTML.trim()) place.innerHTML = text;
  };
  setInterval(beat, BEAT_MS);
  document.addEventListener("visibilitychange", beat);
  area?.addEventListener("focus", beat);
  addEventListener("pagehide", () => beacon(path, { doing: "leaving" }));
  beat();
}

// -- a reply that goes out in a moment -----------------------------------------

function isTyped() {
  const fields = "textarea, input:not([type=hidden], [type=checkbox], [type=radio])";
  return [...document.querySelectorAll(fields)].some((one) => one.value !== one.defaultValue);
}

function watch(place) {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(place.dataset.pending, { headers: BY_ITSELF }).catch(() => null);
    const to = answer?.headers.get("HX-Redirect");
    if (!to) return;
    if (isTyped()) {
      place.querySelector("strong").textContent = "It is out, or was stopped. Keep what you typed, then load the page again.";
    } else {
      location.href = to;
    }
  }, STATE_EVERY_MS);
}

document.querySelectorAll("form[data-reply]").forEach(edit);
document.querySelectorAll("[data-presence]").forEach(stay);
document.querySelectorAll("[data-pending]").forEach(watch);
