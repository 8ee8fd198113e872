// The text of the page as it is in the file, with every mistake below its line.
import { $, el, plural } from "./dom.js";

export class PageText {
  constructor() {
    this.holder = $("text");
    this.files = $("texts");
    this.shown = { texts: {}, mistakes: [], file: "" };
    this.file = null;
    this.files.addEventListener("change", () => this.open(this.files.value));
  }

  update(page) {
    const was = this.shown;
    this.shown = page;
    const names = Object.keys(page.texts).sort((one, other) => (other === page.file) - (one === page.file));
    if (JSON.stringify(names) !== this.files.dataset.names) {
      this.files.dataset.names = JSON.stringify(names);
      this.files.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
      this.files.hidden = names.length < 2;
    }
    const lost = this.file === null || !names.includes(this.file) || was.file !== page.file;
    const elsewhere = page.mistakes.find((each) => each.mark && each.mark.file !== page.file);
    const here = page.mistakes.some((each) => each.mark?.file === this.file);
    this.open(lost ? page.file : page.mistakes.length && !here && elsewhere ? elsewhere.mark.file : this.file);
    this.list(page.mistakes);
  }

  /** Say how many mistakes there are and where; those of no line stand here whole. */
  list(mistakes) {
    const said = JSON.stringify(mistakes);
    if (said === this.said) return;
    this.said = said;
    const links = mistakes.map((each) => el("li", {},
      each.mark ? el("button", { type: "button", class: "link", onclick: () => this.show(each.mark) },
        `${each.mark.file === this.shown.file ? "" : `${each.mark.file} `}line ${each.mark.line}`) : null,
      ` ${each.message}`, each.hint && !each.mark ? el("span", { class: "help" }, each.hint) : null));
    $("mistakes").replaceChildren(...(mistakes.length
      ? [el("p", { class: "count" }, plural(mistakes.length, "mistake")), el("ol", {}, ...links)] : []));
  }

  open(file) {
    this.file = file;
    this.files.value = file;
    $("text-title").textContent = file;
    const lines = (this.shown.texts[file] ?? "").split(/\r\n|[\r\n\x85\u2028\u2029]/);
    const wrong = new Map();
    for (const mistake of this.shown.mistakes) {
      if (mistake.mark?.file === file) wrong.set(mistake.mark.line, [...(wrong.get(mistake.mark.line) ?? []), mistake]);
    }
    lines.forEach((line, number) => this.put(number, line, wrong.get(number + 1) ?? []));
    while (this.holder.children.length > lines.length) this.holder.lastChild.remove();
  }

  /** Change a line only where it or its mistakes changed. */
  put(number, line, mistakes) {
    const key = JSON.stringify([line, mistakes]);
    const old = this.holder.children[number];
    if (old?.dataset.key === key) return;
    const made = el("div", { class: mistakes.length ? "row wrong" : "row", "data-key": key },
      el("span", { class: "number", "aria-hidden": "true" }, String(number + 1)), el("code", {}, ...marked(line, mistakes)),
      ...mistakes.map((each) => el("div", { class: "mistake" }, el("p", {}, each.message),
        each.hint ? el("p", { class: "help" }, each.hint) : null,
        ...each.notes.map((note) => el("p", { class: "note" }, `${note.mark.file}:${note.mark.line}  ${note.message}`)))));
    if (old) old.replaceWith(made); else this.holder.append(made);
  }

  line({ file, line }) {
    return (this.shown.texts[file] ?? "").split(/\r\n|[\r\n\x85\u2028\u2029]/)[line - 1] ?? "";
  }

  /** Mark a line and bring it into view, without moving the page itself. */
  show({ file, line }, { quietly = false } = {}) {
    if (file !== this.file) {
      if (quietly || !(file in this.shown.texts)) return;
      this.open(file);
    }
    this.holder.querySelector(".here")?.classList.remove("here");
    const row = this.holder.children[line - 1];
    if (!row) return;
    row.classList.add("here");
    const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
    const { scrollTop, clientHeight } = this.holder;
    if (top < scrollTop || bottom > scrollTop + clientHeight) this.holder.scrollTop = top - clientHeight / 3;
    if (!quietly) this.holder.scrollIntoView({ block: "nearest" });
  }
}

/** Return a line with the characters that mistakes mean underlined. */
function marked(line, mistakes) {
  const parts = [];
  let at = 0;
  for (const { mark } of [...mistakes].sort((one, other) => one.mark.column - other.mark.column)) {
    const from = Math.max(at, mark.column - 1);
    const to = Math.max(from, mark.column - 1 + mark.width);
    parts.push(line.slice(at, from), el("mark", {}, line.slice(from, to) || " "));
    at = to;
  }
  return [...parts, line.slice(at) || (parts.length ? "" : " ")];
}
