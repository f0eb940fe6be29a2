// A page that follows: asks for itself every two seconds and puts in what has changed.
//
// Elements with an id and data-live are replaced by their newer selves; everything else stays. A page that is not
// looked at is not asked for. Without this script the page is as good as when it was loaded.

const SECONDS = 2;
const SLOWEST = 60;
let waiting = SECONDS;
let timer = 0;
let asking = false;

function carried(from, to) {
  for (const details of from.querySelectorAll("details[id][open]")) {
    const twin = to.querySelector(`#${CSS.escape(details.id)}`);
    if (twin) twin.open = true;
  }
  for (const input of from.querySelectorAll("input[id]")) {
    const twin = to.querySelector(`#${CSS.escape(input.id)}`);
    if (twin) twin.value = input.value;
  }
}

function put(text) {
  const newer = new DOMParser().parseFromString(text, "text/html");
  let changed = false;
  for (const element of document.querySelectorAll("[data-live][id]")) {
    const twin = newer.getElementById(element.id);
    if (!twin || element.getAttribute("aria-busy") === "true" || element.querySelector(":is(input, select):focus")) continue;
    if (twin.innerHTML === (element.shown ?? element.innerHTML)) continue;
    const next = document.adoptNode(twin);
    next.shown = next.innerHTML;
    carried(element, next);
    element.replaceWith(next);
    changed = true;
  }
  if (changed) document.dispatchEvent(new CustomEvent("earnest:replaced"));
}

async function ask() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  try {
    if (!document.hidden) {
      // The browser asks with the page's entity tag; what has not changed is not sent again.
      const answer = await fetch(location.href, { cache: "no-cache", headers: { accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      put(await answer.text());
    }
    waiting = SECONDS;
  } catch {
    // Whoever serves this may be restarting: asked less and less often until it answers.
    waiting = Math.min(2 * waiting, SLOWEST);
  } finally {
    asking = false;
    timer = setTimeout(ask, waiting * 1000);
  }
}

for (const element of document.querySelectorAll("[data-live][id]")) element.shown = element.innerHTML;
document.addEventListener("visibilitychange", () => document.hidden || ask());
document.addEventListener("earnest:acted", ask);
timer = setTimeout(ask, SECONDS * 1000);
