// The controls above the figure: their values, kept for this tab, and the theme of the page.
import { $, calmly, el } from "./dom.js";

const form = $("controls");
const dark = matchMedia("(prefers-color-scheme: dark)");

export function controls() {
  const { level, width, blocks, page } = Object.fromEntries(new FormData(form));
  return { level, width, blocks, page: Number(page ?? 0) };
}

/** Return light or dark: what is chosen, else what the system says. */
export function theme() {
  const chosen = new FormData(form).get("theme");
  return chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
}

/** Call `act` with the name of what changed; typing is waited for. */
export function onControls(act) {
  restore();
  const typed = calmly(250, () => act("blocks"));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    keep();
    restyle();
    if (event.target.name === "blocks") typed(); else act(event.target.name);
  });
  dark.addEventListener("change", () => { restyle(); act("theme"); });
  restyle();
}

function restyle() {
  document.documentElement.dataset.theme = theme();
  $("blocks-label").textContent = controls().level === "block" ? "Open" : "Fold";
}

function keep() {
  sessionStorage.setItem("controls", JSON.stringify([...new FormData(form)]));
}

function restore() {
  for (const [name, value] of JSON.parse(sessionStorage.getItem("controls") ?? "[]")) {
    const field = form.elements[name];
    if (field) field.value = value;
  }
}

/** Offer the pages where there are several. */
export function showTabs(names) {
  const tabs = $("tabs");
  if (tabs.dataset.names === JSON.stringify(names)) return;
  tabs.dataset.names = JSON.stringify(names);
  tabs.hidden = names.length < 2;
  tabs.replaceChildren(el("legend", {}, "Page"), ...names.map((name, number) => el("label", {},
    el("input", { type: "radio", name: "page", value: number, checked: number === 0 }), el("span", {}, name))));
}
