// The layers with their costs, and which blocks have most of them; rows change only where they differ.
import { $, el, human, plural } from "./dom.js";

const FIRST = 200; // rows that are shown at once: of thousands nobody reads more without asking

export class LayerTable {
  constructor({ onLine }) {
    this.onLine = onLine;
    this.body = $("layers").tBodies[0];
    this.all = false;
    $("more-layers").addEventListener("click", () => { this.all = true; this.update(this.network); });
  }

  update(network) {
    this.network = network;
    const layers = network?.layers ?? [];
    const shown = this.all ? layers : layers.slice(0, FIRST);
    shown.forEach((layer, number) => this.put(number, layer));
    while (this.body.rows.length > shown.length) this.body.lastChild.remove();
    const more = layers.length - shown.length;
    $("more-layers").hidden = more <= 0;
    $("more-layers").textContent = `Show ${plural(more, "more layer")}`;
    if (network) this.shares(network);
  }

  put(number, layer) {
    const key = JSON.stringify(layer);
    const old = this.body.rows[number];
    if (old?.dataset.key === key) return;
    const made = el("tr", { "data-key": key }, el("th", { scope: "row" }, layer.path), el("td", {}, layer.label),
      el("td", {}, layer.out), el("td", { class: "number" }, layer.parameters ? human(layer.parameters) : ""),
      el("td", { class: "number" }, layer.macs ? human(layer.macs) : ""),
      el("td", { class: "number" }, el("button", { type: "button", class: "link", onclick: () => this.onLine(layer.at),
        "aria-label": `${layer.path}: ${layer.at.file} line ${layer.at.line}` }, String(layer.at.line))));
    if (old) old.replaceWith(made); else this.body.append(made);
  }

  /** Show two bars: which part of the parameters and of the MACs each block at the top has. */
  shares(network) {
    const parts = new Map();
    for (const layer of network.layers) {
      const top = layer.path.split(".")[0];
      const part = parts.get(top) ?? { name: top, parameters: 0, macs: 0 };
      part.parameters += layer.parameters;
      part.macs += layer.macs;
      parts.set(top, part);
    }
    const bar = (what, title) => {
      const total = network[what] || 1;
      const own = [...parts.values()].filter((part) => part[what] > 0);
      const spoken = own.map((part) => `${part.name} ${Math.round((100 * part[what]) / total)} %`).join(", ");
      return [el("span", { class: "share-title" }, title), el("div", { class: "share", role: "img", "aria-label": `${title}: ${spoken}` },
        ...own.map((part) => {
          const piece = el("span", { title: `${part.name}: ${human(part[what])}, ${((100 * part[what]) / total).toFixed(1)} %` });
          piece.style.flexGrow = part[what] / total;
          if (part[what] / total > 0.08) piece.textContent = part.name;
          return piece;
        }))];
    };
    $("shares").replaceChildren(...bar("parameters", "parameters"), ...bar("macs", "MACs"));
  }
}
