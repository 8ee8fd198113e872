// Elements, numbers and requests: what every other file needs.

export const $ = (id) => document.getElementById(id);

/** Return an element with attributes, listeners (on…) and children; a text is never read as HTML. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((each) => each != null));
  return made;
}

const SCALES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** Return a number with four digits and a letter, as the program's own tables do. */
export function human(count) {
  for (const [scale, letter] of SCALES) {
    if (Math.abs(count) >= 0.99995 * scale) {
      const value = count / scale;
      return `${value.toFixed(Math.abs(value) < 99.995 ? 2 : 1)} ${letter}`;
    }
  }
  return String(count);
}

export const signed = (count) => `${count > 0 ? "+" : count < 0 ? "−" : ""}${human(Math.abs(count))}`;
export const bytes = (count) => (Math.abs(count) >= 1000 ? `${human(count)}B` : `${count} B`);
export const plural = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

/** What the user did wrong, each with its help. */
export class Problems extends Error {
  constructor(problems) {
    super(problems.map((each) => (each.hint ? `${each.message}: ${each.hint}` : each.message)).join("\n"));
    this.problems = problems;
  }
}

/** Return the JSON at an address; `sent` makes it a POST. Throws Problems for what the user can mend. */
export async function ask(path, { query = {}, sent = null, signal } = {}) {
  const address = `${path}?${new URLSearchParams(query)}`;
  const options = sent === null ? { signal } : {
    signal, method: "POST", body: JSON.stringify(sent), headers: { "content-type": "application/json" },
  };
  const answer = await fetch(address, options);
  const found = await answer.json().catch(() => null);
  if (answer.status === 422 && found) throw new Problems(found.problems);
  if (!answer.ok || !found) throw new Problems([{ message: `the server answers ${answer.status}`, hint: null }]);
  return found;
}

/** Wait until nothing was asked for `wait` milliseconds, then do it once. */
export function calmly(wait, act) {
  let timer = 0;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), wait); };
}
