// What makes the console more pleasant. Every page works without it.
"use strict";

// A form that is sent says so, and is not sent twice.
document.addEventListener("submit", (event) => {
  const button = event.submitter || event.target.querySelector("button");
  if (!button || event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  document.getElementById("news").textContent = "Working…";
  // A button that is disabled now is not sent.
  setTimeout(() => { button.disabled = true; });
});

// A page that is come back to can be sent again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
  document.getElementById("news").textContent = "";
});

// The journal adds entries that have come where they belong, and leaves what is read where it is.
const live = document.getElementById("live");
const most = 1000; // rows that a page has
const pause = 3000; // milliseconds

const rowsOf = (place) => [...place.querySelectorAll("tr[id]")];

function add(place, fresh) {
  const rows = rowsOf(place);
  const read = rows.find((row) => row.getBoundingClientRect().bottom > 0) ?? rows[0];
  const top = read.getBoundingClientRect().top;
  for (const row of fresh.reverse()) {
    const older = rowsOf(place).find((other) => other.id < row.id);
    if (older) older.before(row);
    else read.parentNode.append(row);
  }
  document.getElementById("news").textContent = `${fresh.length} newer ${fresh.length === 1 ? "entry" : "entries"}`;
  const moved = read.getBoundingClientRect().top - top;
  const page = document.documentElement;
  const room = page.scrollHeight - page.clientHeight - page.scrollTop;
  if (moved > room) document.body.style.minHeight = `${document.body.offsetHeight + moved - room}px`;
  page.scrollTop += moved;
}

// look asks for the page again, and returns whether to go on.
async function look() {
  if (document.hidden) return true;
  const news = document.getElementById("news");
  const response = await fetch(location.href);
  if (response.status >= 500) throw new Error("not now");
  if (!response.ok) {
    news.textContent = "The journal is not followed any more. Load the page again.";
    return false;
  }
  if (news.dataset.away) {
    delete news.dataset.away;
    news.textContent = "";
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page.getElementById("live");
  const all = rowsOf(found);
  const fresh = all.filter((row) => !document.getElementById(row.id));
  if (!fresh.length) return true;
  const shown = rowsOf(live).length;
  if (!shown) {
    live.replaceChildren(...found.childNodes);
    news.textContent = `${fresh.length} newer ${fresh.length === 1 ? "entry" : "entries"}`;
  } else if (fresh.length === all.length || shown + fresh.length > most) {
    news.textContent = "There are many newer entries. Load the page again.";
    return false;
  } else {
    add(live, fresh);
  }
  return true;
}

async function follow() {
  let goOn = true;
  try {
    goOn = await look();
  } catch {
    const news = document.getElementById("news");
    news.dataset.away = "yes";
    news.textContent = "The server can't be reached. Trying again…";
  }
  if (goOn) setTimeout(follow, pause);
}

if (live) {
  document.documentElement.style.overflowAnchor = "none"; // add does it
  setTimeout(follow, pause);
}

// What can be copied is, where the browser lets a page do so, and else marked.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    source.select();
    if (!navigator.clipboard) return;
    await navigator.clipboard.writeText(source.value);
    document.getElementById("news").textContent = "Copied.";
  });
}
