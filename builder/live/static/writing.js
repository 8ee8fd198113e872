// The only things that are written: pages of the variants, and a study's page. Each button says which.
import { $, ask, calmly, el, plural } from "./dom.js";

export class Writing {
  constructor(space) {
    this.space = space;
    this.holder = $("writing");
    this.plan = calmly(250, () => this.planned());
  }

  /** Offer what can be written of the variants that are shown; nothing where there are none. */
  show(found) {
    if (!found || found.variants.length < 2) {
      this.holder.replaceChildren();
      this.base = null;
      return;
    }
    this.found = found;
    const base = found.variants[0].name;
    if (this.base !== base) {
      this.base = base;
      this.build(base);
    }
    const pages = found.size - found.repeated.length - found.variants.filter((each) => !each.places.length && !Object.keys(each.settings).length).length;
    this.pages.textContent = `Write ${plural(pages, "page")}`;
    this.told.replaceChildren();
    this.plan();
  }

  build(base) {
    this.pages = el("button", { type: "submit" }, "Write the pages");
    this.told = el("div", { role: "status", "aria-live": "polite" });
    this.folder = el("input", { name: "folder", value: `${base}_variants`, autocomplete: "off", spellcheck: "false" });
    this.preview = el("pre", { class: "scroll", tabindex: 0, "aria-label": "The study's page" });
    this.numbers = el("div", { "aria-live": "polite" });
    this.write = el("button", { type: "submit" }, "Write the study");
    this.study = el("form", { class: "question", oninput: this.plan, onsubmit: (event) => { event.preventDefault(); this.writeStudy(); } },
      field("Name", "name", `${base}_places`), choice("Images", "data", ["digits", "cifar10", "cifar100", "fashion_mnist", "svhn"]),
      field("Seeds", "seeds", 10, "number"), field("Smallest difference, points", "smallest_difference", 2.5, "number"),
      field("Deviation between seeds, points", "deviation", 0.8, "number"));
    this.study.append(this.numbers, el("details", {}, el("summary", {}, "The page"), this.preview), this.write);
    this.holder.replaceChildren(
      el("h3", {}, "Write their pages"),
      el("form", { class: "question", onsubmit: (event) => { event.preventDefault(); this.writePages(); } },
        el("label", { class: "field" }, el("span", {}, "into the folder"), this.folder), this.pages),
      el("h3", {}, "Ask it in a study"), this.study, this.told);
  }

  fields() {
    const { name, data, seeds, smallest_difference: smallest, deviation } = Object.fromEntries(new FormData(this.study));
    return { name, data, seeds: Number(seeds), smallest_difference: Number(smallest), deviation: Number(deviation) };
  }

  async planned() {
    if (!this.base) return;
    try {
      const found = await ask("study", { sent: { space: this.space(), study: this.fields() } });
      this.file = found.file;
      this.preview.textContent = found.text;
      this.write.textContent = `Write ${found.file}`;
      this.write.disabled = found.exists;
      this.images = found.images;
      this.numbers.replaceChildren(
        el("p", {}, el("b", {}, "runs "), found.cells), el("p", {}, el("b", {}, "seeds "), found.seeds),
        ...found.warnings.map((each) => el("p", { class: "warning" }, each)),
        ...(found.exists ? [el("p", { class: "warning" }, `${found.file} exists already and is not overwritten`), this.next()]
          : [el("p", { class: "quiet" }, "The hours can be measured once the page is written.")]));
    } catch (error) {
      this.write.disabled = true;
      this.numbers.replaceChildren(el("p", { class: "problem" }, error.message));
    }
  }

  /** Offer to measure the hours of a study whose page is written. */
  next() {
    const command = `archcli study plan ${this.file}`;
    if (this.images !== "there") return el("p", { class: "quiet" }, `Its images are not here yet; this fetches them and measures the hours: `, el("code", {}, command));
    return el("p", {}, el("button", { type: "button", onclick: () => this.measure() }, `Measure the hours (${command}; it writes a plan below study-runs/)`));
  }

  async writePages() {
    await this.tell(async () => listed(await ask("write-variants", { sent: { space: this.space(), folder: this.folder.value } })));
  }

  async writeStudy() {
    await this.tell(async () => listed(await ask("write-study", { sent: { space: this.space(), study: this.fields() } })));
    await this.planned();
  }

  async measure() {
    this.told.replaceChildren(el("p", { class: "quiet" }, "measuring every network for a moment …"));
    await this.tell(async () => [el("pre", { class: "scroll", tabindex: 0 }, (await ask("measure", { sent: { file: this.file } })).plan)]);
  }

  async tell(act) {
    try {
      this.told.replaceChildren(...await act());
    } catch (error) {
      this.told.replaceChildren(el("p", { class: "problem" }, error.message));
    }
  }
}

function listed(found) {
  return [el("p", {}, `written: ${found.files.join(", ")}`), ...found.commands.map((each) => el("p", { class: "command" }, el("code", {}, `$ ${each}`)))];
}

function field(title, name, value, type = "text") {
  return el("label", { class: "field" }, el("span", {}, title),
    el("input", { name, value, type, autocomplete: "off", spellcheck: "false", ...(type === "number" ? { min: 0, step: "any" } : {}) }));
}

function choice(title, name, words) {
  return el("label", { class: "field" }, el("span", {}, title), el("select", { name }, ...words.map((word) => el("option", {}, word))));
}
