import { type Position, PrologError } from "./prolog-error.ts";
import type { Term } from "./prolog-terms.ts";
import { termText } from "./term-text.ts";

export interface OptionValues {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each value stands, or the option that nobody knows, by the path that issues name. */
  readonly places: ReadonlyMap<string, Position>;
}

/**
 * `http(Path, IntervalMs)`, `tcp(Port, IntervalMs)` of a health check; `http(Port)`, `http(Port, Host)` of a transport.
 */
const COMPOUND_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "health_check.http": ["path", "interval_ms"],
  "health_check.tcp": ["port", "interval_ms"],
  "transport.http": ["port", "host"],
};

/** The option whose value may be a term with a list of options of its own, `etcd([endpoint(Url)])`. */
const NESTED = "discovery_backend";

/**
 * The options of a list of `name(Value)` terms as the values that they have in TypeScript. Throws PrologError for what
 * is no option, and for one given twice.
 * @param known names of options; the place of another is that of its whole term
 */
export function readOptions(list: Term, filename: string, known: ReadonlySet<string>): OptionValues {
  const reader = new OptionReader(filename);
  if (list.type !== "list") {
    throw new PrologError(filename, list.at, `expected a list of options in [ ], found ${termText(list)}`);
  }
  const values = reader.record(list.items, "");
  for (const item of list.items)
    if (item.type === "compound" && !known.has(item.name)) reader.places.set(item.name, item.at);
  return { values, places: reader.places };
}

class OptionReader {
  readonly places = new Map<string, Position>();
  readonly #filename: string;

  constructor(filename: string) {
    this.#filename = filename;
  }

  /** `prefix` is empty, or the path of what the options belong to, with a dot behind. */
  record(items: readonly Term[], prefix: string): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const item of items) {
      const [value] = item.type === "compound" ? item.args : [];
      if (item.type !== "compound" || value === undefined || item.args.length !== 1) {
        const message = `expected an option with one value, as tracing(true), found ${termText(item)}`;
        throw new PrologError(this.#filename, item.at, message);
      }
      if (Object.hasOwn(values, item.name)) {
        throw new PrologError(this.#filename, item.at, `option ${prefix}${item.name} is given a second time`);
      }
      const read = this.#value(value, `${prefix}${item.name}`);
      Object.defineProperty(values, item.name, { value: read, enumerable: true });
    }
    return values;
  }

  /** What has no value in TypeScript stays text, for the check to refuse. */
  #value(term: Term, path: string): unknown {
    this.places.set(path, term.at);
    switch (term.type) {
      case "number":
      case "string":
        return term.value;
      case "atom":
        return term.value === "true" ? true : term.value === "false" ? false : term.value;
      case "list":
        return path.startsWith(`${NESTED}.`) && isOptionList(term.items)
          ? this.record(term.items, `${path}.`)
          : term.items.map((item, i) => this.#element(item, `${path}[${i}]`));
      case "compound":
        return this.#compound(term.name, term.args, path) ?? termText(term);
      default:
        return termText(term);
    }
  }

  #compound(name: string, args: readonly Term[], path: string): unknown {
    const inner = `${path}.${name}`;
    const [list] = args;
    if (path === NESTED && list?.type === "list" && args.length === 1) {
      this.places.set(inner, list.at);
      return { [name]: this.record(list.items, `${inner}.`) };
    }
    const fields = COMPOUND_FIELDS[inner];
    if (fields === undefined || args.length > fields.length) return undefined;
    return { [name]: Object.fromEntries(args.map((arg, i) => [fields[i], this.#value(arg, `${inner}.${fields[i]}`)])) };
  }

  /** An element of a list; `true` and numbers are tags by their text. */
  #element(term: Term, path: string): unknown {
    this.places.set(path, term.at);
    if (term.type === "atom" || term.type === "string") return term.value;
    return term.type === "number" ? String(term.value) : { term: termText(term) };
  }
}

function isOptionList(items: readonly Term[]): boolean {
  return items.length > 0 && items.every((item) => item.type === "compound" && item.args.length === 1);
}
