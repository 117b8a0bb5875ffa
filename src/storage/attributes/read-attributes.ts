import { PermanentError } from "../../component/errors.ts";
import type {
  AttributeNames,
  AttributeNamesQuery,
  AttributeRange,
  AttributeValues,
  AttributeValuesQuery,
  KeyScope,
  LookedAt,
} from "../../model/attribute-query.ts";
import { compareText } from "../../model/compare-text.ts";
import { type SpanColumns, startNano } from "../../model/span-columns.ts";
import type { FieldValue, SpanFilter } from "../../model/trace-query.ts";
import { bloomMayContain } from "../block/bloom.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { Pacer } from "../cache/pacer.ts";
import { roundDown, roundUp } from "../cache/segment-blocks.ts";
import { type CompiledFilter, compileFilter } from "../search/filter.ts";
import { newestBlocks } from "../search/newest-blocks.ts";
import { blockSpans } from "../spans/block-spans.ts";
import { BlockGone, BlockView } from "../spans/block-view.ts";
import { visitKeys } from "../spans/span-attributes.ts";
import { fieldReader, needsTrace } from "../spans/span-field.ts";
import { type SpanValue, shownValue, valueKey } from "../spans/span-value.ts";

const DEFAULT_BUDGET_MS = 500;
/** Blocks that are looked at however little time there is: where a machine is busy, a short look finds something. */
const LEAST_BLOCKS = 16;
const MAX_LIMIT = 10_000;
/** Distinct names or values that are told apart, and bytes of their texts. */
const MAX_DISTINCT = 50_000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** The rows of one block that are asked about. */
type LookAt = (view: BlockView, rows: readonly number[]) => void;

/** Names of attributes, as AttributeNamesQuery says. Throws PermanentError `bad_request`. */
export async function readAttributeNames(
  cache: BlockCache,
  query: AttributeNamesQuery,
  pacer: Pacer,
  missed: number,
): Promise<AttributeNames> {
  const wanted = new Set<KeyScope>(query.scopes ?? ["resource", "instrumentation", "span", "event", "link"]);
  const tally = new Tally<{ readonly scope: KeyScope; readonly key: string }>(query.limit);
  const ofSpans = wanted.has("span") || wanted.has("event") || wanted.has("link");
  const add = (scope: KeyScope, key: string, spans: number) =>
    tally.add(`${scope} ${key}`, spans, () => ({ scope, key }), key.length);
  const lookedAt = await look(cache, query, query.filter ?? { op: "all" }, true, tally, pacer, missed, (view, rows) => {
    const { groupIndex, spanStart, spanEnd } = view.columns;
    const spansOf = new Map<number, number>();
    const seen = new Set<string>();
    for (const row of rows) {
      const group = groupIndex[row] as number;
      spansOf.set(group, (spansOf.get(group) ?? 0) + 1);
      if (!ofSpans) continue;
      seen.clear();
      visitKeys(view.body, spanStart[row] as number, spanEnd[row] as number, (scope, key) => {
        const text = `${scope} ${key}`;
        if (!wanted.has(scope) || seen.has(text)) return;
        seen.add(text);
        add(scope, key, 1);
      });
    }
    for (const [group, spans] of spansOf) {
      const { resource, scope } = view.group(groupIndex.indexOf(group));
      const keysOf = (attributes: readonly { readonly key: string }[]) => new Set(attributes.map(({ key }) => key));
      if (wanted.has("resource")) for (const key of keysOf(resource.attributes)) add("resource", key, spans);
      if (wanted.has("instrumentation")) for (const key of keysOf(scope.attributes)) add("instrumentation", key, spans);
    }
  });
  return { names: tally.result().map(({ of, spans }) => ({ ...of, spans })), ...lookedAt };
}

/** Values of a field, as AttributeValuesQuery says. Throws PermanentError `bad_request`. */
export async function readAttributeValues(
  cache: BlockCache,
  query: AttributeValuesQuery,
  pacer: Pacer,
  missed: number,
): Promise<AttributeValues> {
  const { field, filter = { op: "all" } } = query;
  const text = query.text?.toLowerCase() ?? "";
  if (needsTrace(field)) {
    throw new PermanentError("bad_request", "values of a field that depends on other spans cannot be listed");
  }
  const reader = fieldReader(field);
  const tally = new Tally<SpanValue>(query.limit);
  const add = (value: SpanValue) => {
    if (value === undefined) return;
    if (text !== "" && typeof value !== "object" && !String(value).toLowerCase().includes(text)) return;
    const key = valueKey(value);
    tally.add(key, 1, () => value, key.length);
  };
  const lookedAt = await look(cache, query, filter, reader.cost > 0, tally, pacer, missed, (view, rows) => {
    const source = blockSpans(view);
    for (const row of rows) {
      if (!reader.several) add(reader.value(source, row));
      else for (const value of distinct(reader.values(source, row))) add(value);
    }
  });
  const values = tally.result().map(({ of, spans }) => ({ value: shownValue(of) as FieldValue, spans }));
  return { values, ...lookedAt };
}

function distinct(values: readonly SpanValue[]): Iterable<SpanValue> {
  return values.length <= 1 ? values : new Map(values.map((value) => [valueKey(value), value])).values();
}

/** Goes through blocks, newest first, until time or memory ends it. */
async function look(
  cache: BlockCache,
  { startMin, startMax, budgetMs = DEFAULT_BUDGET_MS }: AttributeRange,
  spanFilter: SpanFilter,
  needsBody: boolean,
  tally: Tally<unknown>,
  pacer: Pacer,
  missed: number,
  lookAt: LookAt,
): Promise<LookedAt> {
  const filter = compileFilter(spanFilter);
  const deadline = performance.now() + budgetMs;
  const from = startMin === undefined ? Number.NEGATIVE_INFINITY : roundDown(startMin);
  const to = startMax === undefined ? Number.POSITIVE_INFINITY : roundUp(startMax);
  let spans = 0;
  let blocks = 0;
  for (const { segment, number } of newestBlocks(cache, filter, from, to)) {
    const late = ++blocks > LEAST_BLOCKS && (performance.now() > deadline || pacer.expired());
    if (late || tally.isFull) {
      const backTo = { backTo: BigInt(Math.ceil(Math.min(segment.maxStart(number), 2 ** 64))) + 1n };
      const reason = late ? "time ended the look at older spans" : `there are more than ${MAX_DISTINCT} different ones`;
      return { spans, ...backTo, complete: false, reason };
    }
    const block = cache.block(segment.id, number, (bloom) => filter.mayMatch((hash) => bloomMayContain(bloom, hash)));
    if (block === undefined) continue;
    try {
      const view = new BlockView(block.columns, () => cache.body(segment.id, number));
      const rows = rowsOf(view, filter, startMin ?? 0n, startMax ?? MAX_U64);
      if (needsBody && rows.length > 0) void view.body;
      lookAt(view, rows);
      spans += rows.length;
    } catch (error) {
      if (!(error instanceof BlockGone)) throw error;
    }
    if (pacer.due()) await pacer.pause();
  }
  const now = cache.missed;
  if (now.count !== missed) {
    return { spans, complete: false, reason: `a part of what is stored cannot be read now (${now.reason})` };
  }
  if (tally.overLimit) return { spans, complete: false, reason: "there are more than the limit" };
  return { spans, complete: true };
}

function rowsOf(view: BlockView, filter: CompiledFilter, startMin: bigint, startMax: bigint): number[] {
  const test = filter.bind(view);
  if (test === false) return [];
  const { columns } = view;
  const rows: number[] = [];
  const all = startMin === 0n && startMax === MAX_U64;
  for (let row = 0; row < columns.count; row++) {
    if (!all && !isBetween(columns, row, startMin, startMax)) continue;
    if (test === true || test(row)) rows.push(row);
  }
  return rows;
}

function isBetween(columns: SpanColumns, row: number, startMin: bigint, startMax: bigint): boolean {
  const start = startNano(columns, row);
  return start >= startMin && start <= startMax;
}

/** Counts the spans of distinct things. */
class Tally<Thing> {
  readonly #limit: number;
  readonly #counts = new Map<string, { readonly of: Thing; spans: number }>();
  #bytes = 0;

  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw new PermanentError("bad_request", `limit ${limit}: expected a whole number from 1 to ${MAX_LIMIT}`);
    }
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.#counts.size > MAX_DISTINCT || this.#bytes > MAX_BYTES;
  }

  get overLimit(): boolean {
    return this.#counts.size > this.#limit;
  }

  add(key: string, spans: number, make: () => Thing, bytes: number): void {
    const known = this.#counts.get(key);
    if (known !== undefined) {
      known.spans += spans;
      return;
    }
    this.#counts.set(key, { of: make(), spans });
    this.#bytes += bytes + 100;
  }

  /** Most spans first. */
  result(): { readonly of: Thing; readonly spans: number }[] {
    return [...this.#counts]
      .sort(([a, { spans: most }], [b, { spans: least }]) => least - most || compareText(a, b))
      .slice(0, this.#limit)
      .map(([, one]) => one);
  }
}
