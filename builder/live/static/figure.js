// The figure: redrawn in one step, its scroll and zoom kept; boxes and places answer to mouse and keyboard.
import { $ } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const ID = /^(?:m(\d+)-)?n(\d+(?:-\d+)?(?:_\d+(?:-\d+)?)*)$/;
const POINT = 96 / 72; // CSS pixels in a pt

export class Figure {
  constructor({ onHover, onOpen, onPlace, onInside }) {
    Object.assign(this, { onHover, onOpen, onPlace, onInside });
    this.holder = $("figure");
    this.zoom = null; // null is: as wide as the page
    this.items = [];
    this.chosen = [];
    this.current = 0;
    $("larger").addEventListener("click", () => this.scale(1.25));
    $("smaller").addEventListener("click", () => this.scale(1 / 1.25));
    $("fit").addEventListener("click", () => { this.zoom = null; this.resize(); });
    this.holder.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.resize()).observe(this.holder);
  }

  /** Put a new drawing in the place of the old one; without one the old one stays. */
  update(found, network, model, level) {
    const focused = this.holder.contains(document.activeElement) && document.activeElement !== this.holder;
    if (found.svg && found.svg !== this.drawn) {
      const parsed = new DOMParser().parseFromString(found.svg, "image/svg+xml").documentElement;
      const [, , wide, tall] = parsed.getAttribute("viewBox").split(" ").map(Number);
      this.size = { wide: wide * POINT, tall: tall * POINT };
      parsed.querySelectorAll("title").forEach((each) => each.remove()); // a browser would show them as tooltips
      this.svg = document.importNode(parsed, true);
      this.resize();
      this.holder.replaceChildren(this.svg);
      this.drawn = found.svg;
    }
    this.level = level;
    if (this.svg) this.show(network, model);
    if (focused) this.items[this.current]?.element.focus({ preventScroll: true });
  }

  /** Make the boxes and places of one network answer. */
  show(network, model) {
    if (!this.svg) return;
    this.network = network;
    this.svg.querySelectorAll(".spot").forEach((each) => each.remove());
    const several = this.svg.querySelector('[id^="m1-"]') !== null;
    this.boxes = [...this.svg.querySelectorAll("g.node")].map((each) => this.box(each, several ? model : 0)).filter(Boolean);
    const spots = network ? this.spots(network) : [];
    this.items = [...this.boxes.map((box) => box.item), ...spots].sort((one, other) => one.order - other.order);
    this.current = Math.min(this.current, Math.max(0, this.items.length - 1));
    this.items.forEach((item, number) => item.element.setAttribute("tabindex", number === this.current ? 0 : -1));
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", network ? `Figure of ${network.name}` : "Figure");
    this.choose(this.chosen);
  }

  box(element, model) {
    const found = ID.exec(element.id);
    if (!found) return null;
    if (Number(found[1] ?? 0) !== model) { element.removeAttribute("tabindex"); return null; }
    const nodes = found[2].split("_").flatMap((run) => {
      const [first, last = first] = run.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, step) => first + step);
    });
    const layers = nodes.map((index) => this.network?.layers[index]).filter(Boolean);
    const block = layers.length > 1 ? this.blockOf(nodes) : null;
    const at = (block ?? layers[0])?.at ?? null;
    const title = block?.path ?? layers[0]?.path ?? "";
    const area = element.getBBox();
    const said = layers.length > 1 ? `${title}, ${layers.length} layers` : `${title}, ${layers[0]?.label ?? ""}`;
    element.classList.add("box");
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", `${said}${at ? `, ${at.file} line ${at.line}` : ""}`);
    const seen = { element, nodes, layers, block, at, title, area };
    element.onpointerenter = () => this.onHover(seen);
    element.onpointerleave = () => this.onHover(null);
    element.onfocus = () => { this.keep(element); this.onHover(seen); };
    element.onclick = () => this.onOpen(seen);
    seen.item = { element, order: nodes[0], act: () => this.onOpen(seen) };
    return seen;
  }

  /** Return the smallest block that has all these layers. */
  blockOf(nodes) {
    const [first, last] = [Math.min(...nodes), Math.max(...nodes)];
    return this.network?.blocks.filter((block) => block.first <= first && block.last >= last)
      .sort((one, other) => (one.last - one.first) - (other.last - other.first))[0] ?? null;
  }

  /** Return the places as circles beside their boxes, those inside a box as one sign below it. */
  spots(network) {
    const owner = new Map();
    for (const box of this.boxes) for (const node of box.nodes) owner.set(node, box);
    const inside = new Map();
    const found = [];
    for (const spot of network.spots) {
      const box = owner.get(Math.max(spot.node, 0));
      if (!box) continue;
      const last = Math.max(...box.nodes), first = Math.min(...box.nodes);
      const seen = spot.node < 0 || (spot.side === "after" ? spot.node === last
        : spot.side === "before" ? spot.node === first : box.nodes.length === 1);
      if (seen) found.push(this.circle(spot, box));
      else inside.set(box, (inside.get(box) ?? []).concat(spot));
    }
    for (const [box, spots] of inside) found.push(this.sign(box, spots));
    return found;
  }

  at(spot, { x, y, width, height }) {
    const across = this.level === "block";
    const [middle, center] = [x + width / 2, y + height / 2];
    if (spot.node < 0 || spot.side === "before") return across ? [x - 6.5, center] : [middle, y - 6];
    if (spot.side === "lane") return across ? [middle, y - 7] : [x + width + 7, center];
    return across ? [x + width + 5.2, center] : [middle, y + height + 4.6];
  }

  circle(spot, box) {
    const [x, y] = this.at(spot, box.area);
    const group = this.group("spot", x, y, [["circle", { r: 7, class: "hit" }], ["circle", { r: 3, class: "ring" }]]);
    group.setAttribute("role", "checkbox");
    group.setAttribute("aria-checked", "false");
    group.setAttribute("aria-label", `Insert at ${spot.places[0]}, ${spot.shape}`);
    group.dataset.places = JSON.stringify(spot.places);
    const also = spot.places.length > 1 ? `, also ${spot.places.slice(1, 4).join(", ")}${spot.places.length > 4 ? " …" : ""}` : "";
    const tell = () => { $("hovered").textContent = `○ ${spot.places[0]}  ${spot.shape}${also}`; };
    group.onpointerenter = tell;
    group.onfocus = () => { this.keep(group); tell(); };
    group.onclick = () => this.onPlace(spot);
    return { element: group, order: spot.side === "before" || spot.node < 0 ? spot.node - 0.4 : Math.max(...box.nodes) + 0.4, act: () => this.onPlace(spot) };
  }

  sign(box, spots) {
    const { x, y, width, height } = box.area;
    const text = `+${spots.length} ○`;
    const group = this.group("spot sign", x + width / 2, y + height + 6, [
      ["rect", { x: -13, y: -5, width: 26, height: 10, rx: 5, class: "ring" }], ["text", { y: 2.3, "text-anchor": "middle" }, text]]);
    group.setAttribute("role", "button");
    group.setAttribute("aria-label", `${spots.length} places inside ${box.title}: open it`);
    const act = () => this.onInside(box.block?.path ?? box.title);
    group.onpointerenter = () => { $("hovered").textContent = `${spots.length} places inside ${box.title}: click to open it`; };
    group.onfocus = () => this.keep(group);
    group.onclick = act;
    return { element: group, order: Math.max(...box.nodes) + 0.3, act };
  }

  group(name, x, y, shapes) {
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", name);
    group.setAttribute("transform", `translate(${x} ${y})`);
    for (const [tag, attributes, text] of shapes) {
      const shape = document.createElementNS(SVG, tag);
      for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
      if (text) shape.textContent = text;
      group.append(shape);
    }
    this.svg.querySelector("g.graph").append(group);
    return group;
  }

  /** Fill the circles of the places that are chosen. */
  choose(places) {
    this.chosen = places;
    const wanted = new Set(places);
    for (const each of this.svg?.querySelectorAll(".spot[role=checkbox]") ?? []) {
      each.setAttribute("aria-checked", JSON.parse(each.dataset.places).some((place) => wanted.has(place)));
    }
  }

  /** Show for a moment where a variant has something inserted. */
  preview(places) {
    const wanted = new Set(places);
    for (const each of this.svg?.querySelectorAll(".spot[role=checkbox]") ?? []) {
      each.classList.toggle("seen", JSON.parse(each.dataset.places).some((place) => wanted.has(place)));
    }
  }

  /** One stop for the tabulator; the arrows go from one thing to the next. */
  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -1e9, End: 1e9 }[event.key];
    const here = this.items[this.current];
    if (step && here) {
      const next = Math.min(this.items.length - 1, Math.max(0, this.current + step));
      this.items[next].element.focus();
      this.items[next].element.scrollIntoView({ block: "nearest", inline: "nearest" });
      event.preventDefault();
    } else if ((event.key === "Enter" || event.key === " ") && here) {
      here.act();
      event.preventDefault();
    }
  }

  keep(element) {
    const next = this.items.findIndex((item) => item.element === element);
    if (next < 0) return;
    this.items[this.current]?.element.setAttribute("tabindex", -1);
    this.current = next;
    element.setAttribute("tabindex", 0);
  }

  scale(by) {
    this.zoom = Math.min(8, Math.max(0.1, this.factor() * by));
    this.resize();
  }

  factor() {
    const room = this.holder.clientWidth - 2;
    return this.zoom ?? Math.max(0.7, Math.min(this.level === "layer" ? 1.15 : 1.6, room / (this.size?.wide ?? room)));
  }

  resize() {
    if (!this.svg) return;
    this.svg.style.width = `${this.size.wide * this.factor()}px`;
    this.svg.style.height = `${this.size.tall * this.factor()}px`;
  }
}
