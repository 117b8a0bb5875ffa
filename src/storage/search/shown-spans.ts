import type { AnyValue } from "../../model/any-value.ts";
import { compareText } from "../../model/compare-text.ts";
import { bytesToHex } from "../../model/ids.ts";
import { endNano, hasDuration, nameOf, serviceOf, startNano } from "../../model/span-columns.ts";
import type {
  ColumnValue,
  FieldValue,
  MatchedSpanFields,
  MatchedSpanset,
  ShownSpans,
} from "../../model/trace-query.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { TraceRows } from "../cache/cached-block.ts";
import type { Pacer } from "../cache/pacer.ts";
import { BlockGone } from "../spans/block-view.ts";
import { type FieldReader, fieldReader } from "../spans/span-field.ts";
import { shownValue, valueKey } from "../spans/span-value.ts";
import type { MatchedRows } from "../spans/summary.ts";
import { TraceSpans } from "../spans/trace-spans.ts";
import type { Spanset } from "./spansets.ts";

/** Of all values of one answer, about; spans beyond are left out. */
const MAX_BYTES = 16 * 1024 * 1024;
/** What a span costs beside its values. */
const SPAN_BYTES = 200;

/** Values of one column of one trace that are told apart. */
const MAX_OTHERS = 1_000;

/** Bodies of one trace that are inflated together. */
const PREFETCH = 32;

export interface MatchedTrace {
  readonly traceId: string;
  /** Each span once. */
  readonly trace: readonly TraceRows[];
  readonly matched: readonly MatchedRows[];
  /** What a pipeline left of it, numbered as TraceSpans does; without one the matched spans are one spanset. */
  readonly sets?: readonly Spanset[];
}

/** Writes down what is asked for of the matched spans of one answer, trace by trace, up to a bound in bytes. */
export class SpanShower {
  readonly #spansPerSet: number;
  readonly #fields: readonly FieldReader[];
  readonly #columns: readonly FieldReader[];
  readonly #cache: BlockCache;
  readonly #pacer: Pacer;
  #left = MAX_BYTES;

  constructor({ spansPerSet, fields, columns = [] }: ShownSpans, cache: BlockCache, pacer: Pacer) {
    this.#spansPerSet = spansPerSet;
    this.#fields = fields.map(fieldReader);
    this.#columns = columns.map(fieldReader);
    this.#cache = cache;
    this.#pacer = pacer;
  }

  /** What the matched spans say as a whole; nothing of a trace that is gone by now. */
  async columns({ traceId, trace, matched }: MatchedTrace): Promise<(ColumnValue | undefined)[]> {
    const cache = this.#cache;
    const spans = new TraceSpans(traceId, trace, (block) => cache.body(block.segment, block.number));
    const found = this.#columns.map(() => ({ value: undefined as FieldValue | undefined, keys: new Set<string>() }));
    try {
      for (const span of earliest(spans, numbersOf(trace, matched))) {
        for (const [i, column] of this.#columns.entries()) {
          const { keys } = found[i] as (typeof found)[number];
          const value = column.value(spans, span);
          if (value === undefined || keys.size > MAX_OTHERS) continue;
          if (keys.size === 0) (found[i] as (typeof found)[number]).value = shownValue(value);
          keys.add(valueKey(value));
        }
        if (this.#pacer.due()) await this.#pacer.pause();
      }
    } catch (error) {
      if (!(error instanceof BlockGone)) throw error;
    }
    return found.map(({ value, keys }) => {
      if (value === undefined) return undefined;
      this.#left -= sizeOf(value);
      return this.#left > 0 ? { value, others: keys.size - 1 } : undefined;
    });
  }

  /** Nothing of a trace that is gone by now. */
  async show({ traceId, trace, matched, sets }: MatchedTrace): Promise<MatchedSpanset[]> {
    const cache = this.#cache;
    const spans = new TraceSpans(traceId, trace, (block) => cache.body(block.segment, block.number));
    if (this.#fields.some(({ cost }) => cost > 0)) {
      const holding = new Set(matched.map(({ columns }) => columns));
      const blocks = trace.flatMap(({ block }) => (holding.has(block.columns) ? block : []));
      await cache.prefetch(blocks.slice(0, PREFETCH));
    }
    try {
      const shown: MatchedSpanset[] = [];
      const all = sets ?? [{ spans: numbersOf(trace, matched), by: [] }];
      for (const set of all.toSorted(compareSets)) shown.push(await this.#set(spans, set));
      return shown;
    } catch (error) {
      if (!(error instanceof BlockGone)) throw error;
      return [];
    }
  }

  async #set(spans: TraceSpans, { spans: matched, by }: Spanset): Promise<MatchedSpanset> {
    const wanted = earliest(spans, matched).slice(0, this.#spansPerSet);
    const list: MatchedSpanFields[] = [];
    for (const span of wanted) {
      if (this.#left <= 0) break;
      list.push(this.#span(spans, span));
      if (this.#pacer.due()) await this.#pacer.pause();
    }
    return { by: by.map(shownValue), matchedCount: matched.length, spans: list, cut: list.length < wanted.length };
  }

  #span(spans: TraceSpans, span: number): MatchedSpanFields {
    const columns = spans.columns(span);
    const row = spans.row(span);
    const values = this.#fields.map((field) => shownValue(field.value(spans, span)));
    this.#left -= values.reduce((bytes, value) => bytes + sizeOf(value), SPAN_BYTES);
    return {
      spanId: bytesToHex(columns.spanIds, row * 8, 8),
      name: nameOf(columns, row),
      service: serviceOf(columns, row),
      start: startNano(columns, row),
      duration: hasDuration(columns, row) ? endNano(columns, row) - startNano(columns, row) : 0n,
      values,
    };
  }
}

/** By type and text of the values: not by where spans are stored, which sealing changes. */
function compareSets(a: Spanset, b: Spanset): number {
  return a.by.reduce<number>((order, value, i) => order || compareText(valueKey(value), valueKey(b.by[i])), 0);
}

/** By start, ties by span id, kind and end. */
function earliest(spans: TraceSpans, matched: Uint32Array): number[] {
  return Array.from(matched, (span) => {
    const columns = spans.columns(span);
    const row = spans.row(span);
    const id = `${bytesToHex(columns.spanIds, row * 8, 8)} ${columns.kind[row]}`;
    return { span, start: startNano(columns, row), id, end: endNano(columns, row) };
  })
    .sort((a, b) => compare(a.start, b.start) || compareText(a.id, b.id) || compare(a.end, b.end))
    .map(({ span }) => span);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sizeOf(value: FieldValue | undefined): number {
  if (value === undefined || value.type === "empty" || value.type === "status" || value.type === "kind") return 8;
  switch (value.type) {
    case "string":
      return value.value.length;
    case "bytes":
      return value.value.byteLength;
    case "array":
      return value.value.reduce((bytes: number, one: AnyValue) => bytes + 8 + sizeOf(one), 8);
    case "kvlist":
      return value.value.reduce((bytes: number, one) => bytes + one.key.length + 8 + sizeOf(one.value), 8);
    default:
      return 8;
  }
}

/** As TraceSpans numbers the spans of a trace. */
function numbersOf(trace: readonly TraceRows[], matched: readonly MatchedRows[]): Uint32Array {
  const rowsOf = new Map(matched.map(({ columns, rows }) => [columns, new Set(rows)]));
  const numbers: number[] = [];
  let number = 0;
  for (const { block, rows } of trace) {
    const wanted = rowsOf.get(block.columns);
    for (const row of rows) {
      if (wanted?.has(row) === true) numbers.push(number);
      number++;
    }
  }
  return Uint32Array.from(numbers);
}
