// The page follows the server: a version arrives, then mistakes and costs, then the figure.
import { $, ask, bytes, el, human, plural } from "./dom.js";
import { controls, onControls, showTabs, theme } from "./controls.js";
import { Details } from "./details.js";
import { Figure } from "./figure.js";
import { Question } from "./question.js";
import { LayerTable } from "./table.js";
import { PageText } from "./text.js";

const state = { view: null, figure: null, ended: false };
const PATIENCE = 150; // milliseconds that tables wait for the figure, which is looked at first
const pause = (wait) => new Promise((resolve) => { setTimeout(resolve, wait); });
let drawing = null;

const page = () => state.view?.pages[Math.min(controls().page, state.view.pages.length - 1)] ?? null;
const text = new PageText();
const table = new LayerTable({ onLine: (at) => text.show(at) });
const question = new Question({
  onPlaces: (places) => { figure.choose(places); details.choose(places); }, onVariant: (places) => figure.preview(places),
});
const details = new Details({
  onLine: (at) => text.show(at), onPlace: (place) => question.toggle(place), onBlock: (block) => toggleBlock(block),
  places: () => question.places(),
});
const figure = new Figure({
  onHover: (box) => hover(box), onOpen: (box) => details.open(page(), box), onPlace: (spot) => question.toggleSpot(spot),
  onInside: (block) => toggleBlock(block),
});

function hover(box) {
  const at = box?.at;
  if (at) $("hovered").textContent = `${box.title}  ${at.file}:${at.line}  ${text.line(at).trim()}`;
  if (at) text.show(at, { quietly: true });
}

/** Name a block in the field that opens or folds blocks, or take its name out. */
function toggleBlock(block) {
  const field = $("controls").elements.blocks;
  const named = field.value.split(",").map((each) => each.trim()).filter(Boolean);
  const kept = named.filter((each) => each !== block);
  field.value = (kept.length < named.length ? kept : [...named, block]).join(", ");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Show what is told of the pages; each part changes only what differs. */
function showView() {
  const shown = page();
  if (!shown) return;
  const network = shown.network;
  document.title = `${shown.mistakes.length ? `(${shown.mistakes.length}) ` : ""}${network?.name ?? shown.asked} · archcli`;
  $("title").textContent = network?.name ?? shown.asked;
  $("price").textContent = network ? [
    `${human(network.parameters)} parameters`, `${human(network.macs)} MACs`, `${bytes(network.memory)} activations`,
    `${network.input} → ${plural(network.classes, "class").replace(/ss(s)$/, "sses")}`,
  ].join("  ·  ") : "";
  showTabs(state.view.pages.map((each) => each.asked));
  text.update(shown);
  showStatus();
}

/** Show what may come after the figure: tables, places and differences. */
function showRest() {
  const shown = page();
  if (!shown) return;
  table.update(shown.network);
  details.update(shown);
  question.update(controls().page, shown);
  $("difference-part").hidden = state.view.pages.length < 2;
  const compared = state.view.pages.map((each) => each.difference).filter(Boolean);
  $("difference").textContent = compared.join("\n\n");
}

function showStatus() {
  const shown = page();
  const status = $("status");
  const wrong = shown?.mistakes.length ?? 0;
  status.dataset.kind = state.ended ? "ended" : wrong ? "wrong" : "good";
  const said = state.ended ? "archcli live has ended: this page no longer follows"
    : wrong ? plural(wrong, "mistake") : `following ${shown?.file ?? ""}`;
  if (status.textContent !== said) status.replaceChildren(wrong && !state.ended ? el("a", { href: "#mistakes" }, said) : said);
}

/** Ask for the figure; what was asked before and is still under way is given up. */
function askFigure() {
  drawing?.abort();
  drawing = new AbortController();
  const { level, width, blocks } = controls();
  const asked = ask("figure", { query: { level, width, blocks, theme: theme() }, signal: drawing.signal });
  asked.catch(() => {}); // whoever shows it says what went wrong
  return { asked, level };
}

async function showFigure({ asked, level } = askFigure()) {
  try {
    const found = await asked;
    const shown = page();
    figure.update(found, shown?.network ?? null, found.several ? controls().page + 1 : 0, level);
    figure.choose(question.places());
    showProblem(found.problem);
    $("stale").hidden = found.is_current || !found.svg;
    $("stale").textContent = "The last figure without mistakes. It is drawn again when the page is right.";
    document.documentElement.dataset.version = found.version;
  } catch (error) {
    if (error.name !== "AbortError") showProblem(error.message);
  }
}

function showProblem(said) {
  $("figure-problem").hidden = !said;
  $("figure-problem").textContent = said ?? "";
}

async function refresh() {
  try {
    const viewed = ask("view");
    const drawn = askFigure(); // at once, and shown after what is told of the page
    state.view = await viewed;
    showView();
    const shown = showFigure(drawn);
    await Promise.race([shown, pause(PATIENCE)]);
    showRest();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // the server is gone, which the stream of events says too
  }
}

/** Listen while the page can be seen: a browser has only six connections to one server. */
function listen() {
  let events = null;
  const open = () => {
    if (document.hidden || events) return;
    events = new EventSource("events");
    events.onmessage = (event) => {
      const news = state.ended || Number(event.data) !== state.view?.version;
      state.ended = false;
      if (news) refresh(); else showStatus();
    };
    events.onerror = () => { state.ended = true; showStatus(); };
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { events?.close(); events = null; } else open();
  });
  open();
}

onControls((changed) => {
  if (changed === "page") { showView(); showRest(); figure.show(page()?.network ?? null, controls().page + 1); }
  else showFigure();
  question.restyle();
});
listen();
