import type { Facet, FacetScope } from "../../model/attribute-query.ts";
import { compareText } from "../../model/compare-text.ts";
import type { FieldValue } from "../../model/trace-query.ts";

/** Keys that are told apart, and all values of them. */
const MAX_KEYS = 2_000;
const MAX_VALUES = 50_000;
/** Of one key among others. */
const MAX_VALUES_OF_KEY = 1_000;
/** UTF-16 units: longer texts are no choice in a list. */
const MAX_TEXT = 1_000;
/** About, of all keys and texts. */
const MAX_BYTES = 16 * 1024 * 1024;
/** What a key or a value costs beside its text. */
const ENTRY_BYTES = 200;
/** More values than these are not read through. */
const FEW = 50;

/** Equal where TraceQL's `=` holds; integers beyond 2^53 stay what they are. */
type Identity = string | number | bigint | boolean;

interface Value {
  readonly value: FieldValue;
  traces: number;
  /** The last trace that was counted. */
  last: number;
}

/** The counts of one key. */
export interface KeyTally {
  readonly scope: FacetScope;
  readonly key: string;
  readonly values: Map<Identity, Value>;
  traces: number;
  last: number;
  exact: boolean;
}

/** Counts traces by what their spans say: `nextTrace`, then `add` for each value of its spans, in any order. */
export class FacetTally {
  readonly #keys = new Map<string, KeyTally>();
  readonly #valuesOfKey: number;
  #values = 0;
  #bytes = 0;
  #trace = 0;
  /** Some key had no place. */
  lacksKeys = false;

  /** `alone`: one key is asked about. */
  constructor(alone: boolean) {
    this.#valuesOfKey = alone ? MAX_VALUES : MAX_VALUES_OF_KEY;
  }

  /** That were begun. */
  get traces(): number {
    return this.#trace;
  }

  nextTrace(): void {
    this.#trace++;
  }

  /** Undefined where it has no place. */
  keyTally(scope: FacetScope, key: string): KeyTally | undefined {
    const name = `${scope} ${key}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    if (this.#keys.size >= MAX_KEYS || this.#bytes > MAX_BYTES) {
      this.lacksKeys = true;
      return undefined;
    }
    const tally = { scope, key, values: new Map(), traces: 0, last: 0, exact: true };
    this.#keys.set(name, tally);
    this.#bytes += name.length + ENTRY_BYTES;
    return tally;
  }

  /** `value` undefined: the key is there, with what compares with nothing. */
  add(tally: KeyTally, value: FieldValue | undefined): void {
    if (tally.last !== this.#trace) {
      tally.last = this.#trace;
      tally.traces++;
    }
    if (value === undefined) return;
    const id = identity(value);
    const known = tally.values.get(id);
    if (known !== undefined) {
      if (known.last === this.#trace) return;
      known.last = this.#trace;
      known.traces++;
      return;
    }
    const isLong = typeof id === "string" && id.length > MAX_TEXT;
    const isFull = tally.values.size >= this.#valuesOfKey || this.#values >= MAX_VALUES || this.#bytes > MAX_BYTES;
    if (isLong || isFull) {
      tally.exact = false;
      return;
    }
    tally.values.set(id, { value, traces: 1, last: this.#trace });
    this.#values++;
    this.#bytes += ENTRY_BYTES + (typeof id === "string" ? id.length : 0);
  }

  /** In the order of Facets. */
  result(keys: number, values: number): Facet[] {
    return [...this.#keys.values()]
      .filter((tally) => tally.values.size > 0 || !tally.exact)
      .sort((a, b) => rank(a) - rank(b) || b.traces - a.traces || compareText(nameOf(a), nameOf(b)))
      .slice(0, keys)
      .map(({ scope, key, traces, values: all, exact }) => ({
        scope,
        key,
        traces,
        values: [...all]
          .sort(([a, { traces: few }], [b, { traces: many }]) => many - few || compareText(textOf(a), textOf(b)))
          .slice(0, values)
          .map(([, { value, traces: of }]) => ({ value, traces: of })),
        distinct: all.size,
        exact,
      }));
  }
}

function identity(value: FieldValue): Identity {
  switch (value.type) {
    case "string":
      return value.value;
    case "bool":
    case "double":
      return value.value;
    case "int": {
      const number = Number(value.value);
      return BigInt(number) === value.value ? number : value.value;
    }
    default:
      return "value" in value ? Number(value.value) : "";
  }
}

function textOf(id: Identity): string {
  return `${typeof id} ${id}`;
}

function nameOf({ scope, key }: KeyTally): string {
  return `${scope} ${key}`;
}

function rank({ values, exact }: KeyTally): number {
  if (values.size > FEW || !exact) return 1;
  return values.size > 1 ? 0 : 2;
}
