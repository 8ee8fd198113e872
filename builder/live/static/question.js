// Where does it belong? Clicked places make the space; its variants appear with their price, and buttons write them.
import { $, ask, calmly, el, human, plural, signed } from "./dom.js";
import { theme } from "./controls.js";
import { Writing } from "./writing.js";

export class Question {
  constructor({ onPlaces, onVariant }) {
    Object.assign(this, { onPlaces, onVariant });
    this.form = $("question");
    this.writing = new Writing(() => this.space());
    const typed = calmly(300, () => this.changed());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", typed);
    this.page = 0;
  }

  places() {
    return this.form.elements.places.value.split(",").map((each) => each.trim()).filter(Boolean);
  }

  space() {
    const { insert, uses, choose } = Object.fromEntries(new FormData(this.form));
    return { page: this.page, insert: [insert.trim()], places: this.places(), choose, uses: uses.trim() || null };
  }

  toggle(place) {
    const places = this.places();
    const kept = places.filter((each) => each !== place);
    this.put(kept.length < places.length ? kept : [...places, place]);
  }

  toggleSpot(spot) {
    const places = this.places();
    const kept = places.filter((each) => !spot.places.includes(each));
    this.put(kept.length < places.length ? kept : [...places, spot.places[0]]);
  }

  put(places) {
    this.form.elements.places.value = places.join(", ");
    this.changed();
  }

  /** The page has changed: the same question may have another answer. */
  update(number, page) {
    this.page = number;
    const spots = page.network?.spots ?? [];
    const known = JSON.stringify(spots);
    if (known !== this.known) {
      this.known = known;
      this.list(spots);
    }
    if (page.is_current) this.changed();
  }

  /** Offer every place as a box to tick, block by block. */
  list(spots) {
    const blocks = new Map();
    for (const spot of spots) blocks.set(spot.block, [...(blocks.get(spot.block) ?? []), spot]);
    $("places-list").replaceChildren(...[...blocks].map(([block, own]) => el("fieldset", { class: "places" },
      el("legend", {}, block), ...own.map((spot) => el("label", { title: spot.places.join(", ") }, el("input", {
        type: "checkbox", "data-places": JSON.stringify(spot.places), onchange: () => this.toggleSpot(spot) }),
        spot.places[0].slice(block.length + 1))))));
    this.tick();
  }

  tick() {
    const wanted = new Set(this.places());
    for (const each of $("places-list").querySelectorAll("input")) {
      each.checked = JSON.parse(each.dataset.places).some((place) => wanted.has(place));
    }
  }

  restyle() {
    if (this.answered) this.cards(this.answered, this.asked);
  }

  async changed() {
    this.onPlaces(this.places());
    this.tick();
    const space = this.space();
    if (!space.places.length || !space.insert[0]) {
      this.answered = null;
      $("answer").replaceChildren();
      $("cards").replaceChildren();
      this.writing.show(null);
      return;
    }
    this.under?.abort();
    this.under = new AbortController();
    $("answer").setAttribute("aria-busy", "true");
    try {
      this.asked = JSON.stringify(space);
      this.answered = await ask("space", { query: { space: this.asked }, signal: this.under.signal });
      this.tell(this.answered);
      this.cards(this.answered, this.asked);
      this.writing.show(this.answered);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.writing.show(null);
      $("cards").replaceChildren();
      $("answer").replaceChildren(el("div", { class: "problem" }, ...(error.problems ?? [{ message: error.message }]).map((each) =>
        el("p", {}, each.message, each.hint ? el("span", { class: "help" }, each.hint) : null))));
    }
    $("answer").setAttribute("aria-busy", "false");
  }

  tell(found) {
    const more = found.size - found.variants.length - found.repeated.length;
    const count = `${found.is_counted ? "" : "about "}${plural(found.size - found.repeated.length, "variant")}`;
    const same = Object.entries(found.same).map(([place, others]) => `${place} is the same as ${others.join(", ")}`);
    const names = Object.fromEntries(found.variants.map((each) => [each.id, each.name]));
    const repeated = found.repeated.filter(([, id]) => names[id]).map(([name, id]) => `${name} is the same network as ${names[id]}`);
    $("answer").replaceChildren(
      el("p", { class: "count" }, count, more > 0 ? `, the first ${found.variants.length} of them:` : ""),
      ...[...same, ...repeated].map((each) => el("p", { class: "quiet" }, each)),
      el("p", { class: "command" }, el("code", {}, `$ ${found.command}`),
        el("button", { type: "button", onclick: (event) => copy(found.command, event.currentTarget) }, "copy")));
  }

  cards(found, asked) {
    $("cards").replaceChildren(...found.variants.map((each) => {
      const query = new URLSearchParams({ space: asked, name: each.name, theme: theme() });
      const changes = [...each.places, ...Object.entries(each.settings).map(([name, value]) => `${name}=${value}`)];
      const base = !changes.length;
      const runs = found.runs[each.name] ?? [];
      return el("div", { class: "card", role: "listitem", onpointerenter: () => this.onVariant(each.places),
        onpointerleave: () => this.onVariant([]) },
        el("img", { src: `variant.svg?${query}`, alt: `Figure of ${each.name}`, loading: "lazy" }),
        el("p", { class: "name" }, each.name, base ? el("span", { class: "quiet" }, "  the base") : null),
        el("p", { class: "quiet" }, changes.join(", ") || "nothing inserted"),
        el("p", { class: "price" }, `${human(each.parameters)} parameters`, base ? null : el("b", {}, ` ${signed(each.more_parameters)}`)),
        el("p", { class: "price" }, `${human(each.macs)} MACs`, base ? null : el("b", {}, ` ${signed(each.more_macs)}`)),
        ...runs.slice(0, 3).map((run) => el("p", { class: "run" }, `${run.run}: ${run.best_val_accuracy === null ? run.state
          : `${(100 * run.best_val_accuracy).toFixed(2)} % validation, ${run.state}`}`)));
    }));
  }
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    button.textContent = "select it and copy";
  }
}
