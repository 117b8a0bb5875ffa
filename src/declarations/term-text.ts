import type { Term } from "./prolog-terms.ts";

/** A term as Prolog writes it, atoms quoted where they must be. */
export function termText(term: Term): string {
  switch (term.type) {
    case "atom":
      return quoted(term.value);
    case "string":
      return JSON.stringify(term.value);
    case "number":
    case "variable":
      return String(term.value);
    case "expression":
      return term.text;
    case "list":
      return `[${term.items.map(termText).join(", ")}]`;
    case "compound":
      return `${quoted(term.name)}(${term.args.map(termText).join(", ")})`;
  }
}

function quoted(atom: string): string {
  if (/^[a-z][A-Za-z0-9_]*$/.test(atom) || /^[-+*/\\^<>=~:.?@#&$]+$/.test(atom) || atom === "!") return atom;
  return `'${atom.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
}
