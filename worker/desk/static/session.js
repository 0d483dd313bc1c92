// What was typed is not lost where the session has ended: before a form with typed text
// is sent, the page asks whether the same person is still signed in, and takes the token
// of a new session. Without this file such a form leads to the sign-in without its text.
"use strict";

const TYPED = "textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=password])";
const KEPT = {
  gone: ["You are signed out; what you typed is kept here. ", ", then go on."],
  other: [`Somebody else is signed in here now; what you typed is kept here. `, ` as ${document.body.dataset.person}, or copy it.`],
  down: ["The desk does not answer; what you typed is kept here. Try again in a moment.", ""],
};

// "here", "gone" (nobody is signed in), "other" (somebody else is) or "down".
async function whoIsIn() {
  const headers = { "HX-Request": "true", "X-By-Itself": "yes" };
  const answer = await fetch("/account/session", { headers, cache: "no-store" }).catch(() => null);
  if (!answer || answer.status === 429 || answer.status >= 500) return "down";
  if (answer.status !== 200) return "gone";
  // A proxy's own page is no answer of the desk.
  const told = await answer.json().catch(() => null);
  if (!told) return "down";
  const { name, csrf } = told;
  if (name !== document.body.dataset.person) return "other";
  document.querySelectorAll('input[name="csrf"]').forEach((one) => (one.value = csrf));
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": csrf }));
  return "here";
}

function warnings() {
  return [...document.querySelectorAll("[data-kept]")];
}

// Says beside a form why it was not sent; nothing where all is well.
function warn(form, who) {
  let box = form.querySelector("[data-kept]");
  if (who === "here") return box?.remove();
  if (!box) {
    box = document.createElement("p");
    box.className = "flash bad";
    box.setAttribute("role", "alert");
    const place = form.querySelector("[data-autosave]");
    place ? place.before(box) : form.append(box);
  }
  if (box.dataset.kept === who) return;
  box.dataset.kept = who;
  const [before, after] = KEPT[who];
  const words = document.createElement("span");
  words.append(before);
  if (after) {
    const link = document.createElement("a");
    link.href = "/sign-in";
    link.target = "_blank";
    link.textContent = "Sign in in another tab";
    words.append(link, after);
  }
  box.replaceChildren(words);
}

function hasTyped(form) {
  return [...form.elements].some((one) => {
    if (!one.matches(TYPED)) return false;
    return one.matches("textarea") ? one.value.trim() : one.value !== one.defaultValue;
  });
}

// Behind the question of desk.js, and before a form's own listener would lock the form.
async function check(event) {
  const { target: form, submitter } = event;
  if (form.method !== "post" || form.dataset.asked || !hasTyped(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.asking) return;
  form.dataset.asking = "yes";
  const who = await whoIsIn();
  delete form.dataset.asking;
  warn(form, who);
  if (who !== "here") return;
  form.dataset.asked = "yes";
  form.requestSubmit(submitter);
  delete form.dataset.asked;
}

async function lookAgain() {
  if (document.hidden || !warnings().length) return;
  const who = await whoIsIn();
  warnings().forEach((box) => warn(box.closest("form"), who));
  if (who === "here") document.dispatchEvent(new Event("signed-in"));
}

document.addEventListener("submit", check, true);
document.addEventListener("visibilitychange", lookAgain);
addEventListener("focus", lookAgain);
addEventListener("beforeunload", (event) => {
  if (warnings().length) event.preventDefault();
});
