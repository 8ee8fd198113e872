// What is inside a box that was clicked: its layers, its lines, and the places at which something can be inserted.
import { $, el, human } from "./dom.js";

export class Details {
  constructor({ onLine, onPlace, onBlock, places }) {
    Object.assign(this, { onLine, onPlace, onBlock, places });
    this.path = null;
    this.part = $("details");
    this.part.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  open(page, box) {
    this.nodes = box.nodes.map((index) => page.network.layers[index].path);
    this.path = box.title;
    this.from = box.element;
    this.update(page);
    this.part.focus({ preventScroll: innerWidth > 900 });
  }

  close() {
    this.path = null;
    this.part.hidden = true;
    this.from?.isConnected && this.from.focus();
  }

  update(page) {
    if (this.path === null) return;
    const network = page.network;
    const block = network?.blocks.find((each) => each.path === this.path);
    const wanted = new Set(this.nodes);
    const layers = (network?.layers ?? []).filter((each) => wanted.has(each.path));
    if (!block && !layers.length) { this.close(); return; }
    const spots = network.spots.filter((spot) => spot.places.some((place) => place.startsWith(`${this.path}.`)));
    const made = JSON.stringify([block, layers, spots]);
    if (this.made === made && !this.part.hidden) return;
    this.made = made;
    $("details-title").textContent = this.path;
    const at = block?.at ?? layers[0].at;
    $("details-body").replaceChildren(...[
      el("button", { type: "button", class: "close", "aria-label": "Close the details", onclick: () => this.close() }, "×"),
      el("p", { class: "quiet" }, ...[
        block?.template ? `${block.template}, ` : "", block ? `${block.in} → ${block.out}, ` : "",
        el("button", { type: "button", class: "link", onclick: () => this.onLine(at) }, `${at.file}:${at.line}`)]),
      block && block.last > block.first ? el("p", {}, el("button", { type: "button", onclick: () => this.onBlock(block.path) },
        "Open or fold in the figure")) : null,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Layers inside" }, el("table", {}, el("tbody", {}, ...layers.map((layer) => el("tr", {},
        el("th", { scope: "row" }, layer.path.split(".").pop()), el("td", {}, layer.label), el("td", {}, layer.out),
        el("td", { class: "number" }, layer.parameters ? human(layer.parameters) : "")))))),
      spots.length ? el("fieldset", { class: "places" }, el("legend", {}, "Places"), ...spots.map((spot) => {
        const own = spot.places.find((place) => place.startsWith(`${this.path}.`));
        return el("label", {}, el("input", { type: "checkbox", value: own, "data-places": JSON.stringify(spot.places),
          onchange: () => this.onPlace(own) }), own.slice(this.path.length + 1));
      })) : null].filter(Boolean));
    this.part.hidden = false;
    this.choose(this.places());
  }

  choose(places) {
    const wanted = new Set(places);
    for (const each of this.part.querySelectorAll("input[data-places]")) {
      each.checked = JSON.parse(each.dataset.places).some((place) => wanted.has(place));
    }
  }
}
