import { compareText } from "../../model/compare-text.ts";
import { type SpanValue, valueKey } from "../spans/span-value.ts";

/** Numbers distinct values from 0. */
export class ValueCodes {
  readonly values: SpanValue[] = [];
  readonly #codes = new Map<string, number>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** -1 for a value that is new when there are too many. */
  codeOf(value: SpanValue): number {
    const key = valueKey(value);
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    if (this.values.length >= this.#most) return -1;
    this.#codes.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}

/** More codes than any field has; products with a number of series stay exact. */
const RADIX = 2 ** 20;

/** The series of a query: one for each combination of values that was met, up to a bound. */
export class MetricGroups {
  /** Of each field. */
  readonly codes: readonly ValueCodes[];
  readonly #most: number;
  /** Of several fields: for each (number of the prefix before it) × RADIX + code → number of the prefix with it. */
  readonly #prefixes: readonly Map<number, number>[];
  readonly #prefixCounts: number[];
  readonly #series: number[][] = [];

  constructor(fields: number, most: number) {
    this.#most = most;
    this.codes = Array.from({ length: fields }, () => new ValueCodes(most));
    this.#prefixes = this.codes.map(() => new Map());
    this.#prefixCounts = this.codes.map(() => 0);
  }

  /** All series by the texts of their values: not by when they were met, which sealing changes. */
  inOrder(): number[] {
    const keys = Array.from({ length: this.#count }, (_, series) => this.values(series).map(valueKey));
    const compare = (a: readonly string[], b: readonly string[]) =>
      a.reduce((order, key, field) => order || compareText(key, b[field] as string), 0);
    return [...keys.keys()].sort((a, b) => compare(keys[a] as string[], keys[b] as string[]));
  }

  /** Of a series, in the order of the fields. */
  values(series: number): SpanValue[] {
    const [only] = this.codes;
    if (only === undefined) return [];
    if (this.codes.length === 1) return [only.values[series]];
    return (this.#series[series] as number[]).map((code, field) => this.codes[field]?.values[code]);
  }

  /**
   * The series of a combination of codes of several fields; -1 where one of them is, or where it is new and there are
   * too many. Of one field the code is the series, without fields the only one is 0.
   */
  seriesOf(codes: readonly number[]): number {
    let prefix = 0;
    for (const [field, code] of codes.entries()) {
      if (code < 0) return -1;
      const key = prefix * RADIX + code;
      const known = this.#prefixes[field]?.get(key);
      if (known !== undefined) {
        prefix = known;
        continue;
      }
      if (this.#series.length >= this.#most) return -1;
      const isLast = field === codes.length - 1;
      const next = isLast ? this.#series.push([...codes]) - 1 : (this.#prefixCounts[field] as number);
      if (!isLast) this.#prefixCounts[field] = next + 1;
      this.#prefixes[field]?.set(key, next);
      prefix = next;
    }
    return prefix;
  }

  get #count(): number {
    if (this.codes.length === 0) return 1;
    return this.codes.length === 1 ? (this.codes[0] as ValueCodes).values.length : this.#series.length;
  }
}
