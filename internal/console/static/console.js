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
