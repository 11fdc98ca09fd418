// Starts the application. A file of its own, because the content security policy allows no script
// inside the page. The build replaces the two addresses by names with a content hash.
import init from "/assets/temper.js";

try {
  // The chosen colours, before anything is drawn. A browser that forbids storage has no choice.
  const theme = localStorage.getItem("temper-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {}

try {
  await init({ module_or_path: "/assets/temper_bg.wasm" });
} catch (error) {
  const message = document.createElement("p");
  message.setAttribute("role", "alert");
  message.textContent =
    "Temper could not start in this browser. Reload the page; if that does not help, try a current version of Chrome, Firefox or Safari.";
  document.body.append(message);
  throw error;
}
