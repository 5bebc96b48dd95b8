// Makes the page quicker to use. Everything also works without it.
"use strict";

document.documentElement.classList.add("script");

/* Save on change: <form data-save> with the macro saving(). */

function showErrors(form, errors) {
  for (const place of form.querySelectorAll(".error")) {
    const name = place.id.replace(/-error$/, "");
    const texts = errors[name] || [];
    place.textContent = texts.join(" ");
    const field = form.elements.namedItem(name);
    if (field instanceof Element) {
      if (texts.length) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }
}

/* Who works with the keyboard stays where they are. */

function reload() {
  window.sessionStorage.setItem("focus", document.activeElement.id);
  window.location.reload();
}

document.getElementById(window.sessionStorage.getItem("focus") || "")?.focus({ preventScroll: true });
window.sessionStorage.removeItem("focus");

async function save(form) {
  const output = form.querySelector("output.saved");
  const turn = (form.davbridgeTurn = (form.davbridgeTurn || 0) + 1);
  output.className = "saved";
  output.textContent = output.dataset.saving;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Requested-With": "fetch" },
      redirect: "manual",
    });
    if (answer.status === 401) return window.location.assign(answer.headers.get("Location"));
    const said = await answer.json();
    if (turn !== form.davbridgeTurn) return;
    showErrors(form, said.errors || {});
    output.textContent = said.message;
    output.classList.add(answer.ok ? "good" : "bad");
    if (answer.ok && said.reload) reload();
  } catch {
    if (turn !== form.davbridgeTurn) return;
    output.textContent = output.dataset.failed;
    output.classList.add("bad");
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.closest && event.target.closest("form[data-save]");
  if (form && !event.target.closest("[data-save-not]")) save(form);
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-save]") && !event.submitter?.hasAttribute("formaction")) {
    event.preventDefault();
    save(event.target);
  }
});

/* Copy: the macro copyable(). */

function showCopyButtons(root) {
  if (navigator.clipboard) for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest && event.target.closest("[data-copy]");
  if (!button) return;
  const before = button.textContent;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  if (before === button.dataset.copied) return;
  button.textContent = button.dataset.copied;
  window.setTimeout(() => { button.textContent = before; }, 2000);
});

/* Live parts: <div data-refresh="/address/of/the/part" data-every="3"> is fetched again until the part comes without
   data-refresh. The answer is the part itself, as HTML of ours. */

function follow(part) {
  window.setTimeout(async () => {
    if (!part.isConnected) return;
    if (document.hidden || part.contains(document.activeElement)) return follow(part);
    try {
      const answer = await fetch(part.dataset.refresh, { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok) return answer.status >= 500 ? follow(part) : undefined;
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
      if (!parsed) return undefined;
      if (parsed.outerHTML !== part.outerHTML) {
        const next = document.importNode(parsed, true);
        part.replaceWith(next);
        part = next;
        showCopyButtons(part);
      }
      if (part.dataset.refresh) follow(part);
    } catch {
      follow(part);
    }
    return undefined;
  }, 1000 * Number(part.dataset.every || 3));
}

showCopyButtons(document);
document.querySelectorAll("[data-refresh]").forEach(follow);
