// Keys in a list: they work only while the focus is in it, so that nobody who dictates hits them by accident.
"use strict";

document.addEventListener("keydown", (event) => {
  const list = event.target.closest && event.target.closest("[data-keys]");
  if (!list || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  const rows = [...list.querySelectorAll("[data-row]")];
  const present = rows.findIndex((row) => row.closest("tr").contains(event.target));
  const step = { j: 1, k: -1 }[event.key];
  const target = step ? rows[present + step] : document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  target.focus();
  if (target.matches("a[data-key]")) target.click();
});
