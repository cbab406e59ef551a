// Runs before anything is drawn: the chosen theme holds from the start.
"use strict";
document.documentElement.classList.add("js");
try {
  const kept = localStorage.getItem("autoscaled-theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch { /* storage is forbidden: the system's theme holds */ }
