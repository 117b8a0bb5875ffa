import type { AnyValue } from "../../model/any-value.ts";
import type { FacetQuery, FacetScope, Facets } from "../../model/attribute-query.ts";
import { nameOf } from "../../model/span-columns.ts";
import type { FieldValue } from "../../model/trace-query.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { CachedBlock, TraceRows } from "../cache/cached-block.ts";
import type { Pacer } from "../cache/pacer.ts";
import { findTraces } from "../search/find.ts";
import { BlockGone, BlockView } from "../spans/block-view.ts";
import { visitAttributes } from "../spans/span-attributes.ts";
import type { MatchedRows } from "../spans/summary.ts";
import { FacetTally, type KeyTally } from "./facet-tally.ts";

/** Resources whose values are remembered. */
const MAX_GROUPS = 4_096;

type Resolved = readonly [KeyTally, FieldValue | undefined];

/** What all spans say that match, a trace once for each value: see FacetQuery. */
export async function findFacets(cache: BlockCache, asked: FacetQuery, pacer: Pacer, missed: number): Promise<Facets> {
  const { after: _after, show: _show, outside: _outside, count: _count, ...query } = asked.query;
  const tally = new FacetTally(asked.only !== undefined);
  const counting = new SpanValues(cache, tally, asked.only, pacer);
  const onMatched = (trace: readonly TraceRows[], matched: readonly MatchedRows[]) => counting.add(trace, matched);
  const search = { ...query, limit: 1, order: "errors" } as const;
  const { complete, reason, searchedBackTo } = await findTraces(cache, search, pacer, missed, { onMatched });
  const lacking = complete && tally.lacksKeys ? "there are more attributes than are told apart" : reason;
  return {
    facets: tally.result(asked.keys, asked.values),
    traces: tally.traces,
    complete: complete && !tally.lacksKeys,
    ...(lacking === undefined ? {} : { reason: lacking }),
    ...(searchedBackTo === undefined ? {} : { searchedBackTo }),
  };
}

/** Puts what spans say into a tally. */
class SpanValues {
  readonly #cache: BlockCache;
  readonly #tally: FacetTally;
  readonly #only: FacetQuery["only"];
  readonly #pacer: Pacer;
  readonly #groups = new Map<string, readonly Resolved[]>();
  readonly #name: KeyTally | undefined;
  readonly #kind: KeyTally | undefined;
  readonly #status: KeyTally | undefined;

  constructor(cache: BlockCache, tally: FacetTally, only: FacetQuery["only"], pacer: Pacer) {
    this.#cache = cache;
    this.#tally = tally;
    this.#only = only;
    this.#pacer = pacer;
    [this.#name, this.#kind, this.#status] = ["name", "kind", "status"].map((key) => this.#keyOf("intrinsic", key));
  }

  async add(trace: readonly TraceRows[], matched: readonly MatchedRows[]): Promise<void> {
    this.#tally.nextTrace();
    const rowsOf = new Map(matched.map(({ columns, rows }) => [columns, rows]));
    for (const { block } of trace) {
      const rows = rowsOf.get(block.columns);
      if (rows === undefined) continue;
      try {
        this.#addRows(block, rows);
      } catch (error) {
        // Retention took it meanwhile, or it cannot be read now, which is counted.
        if (!(error instanceof BlockGone)) throw error;
      }
      if (this.#pacer.due()) await this.#pacer.pause();
    }
  }

  #addRows(block: CachedBlock, rows: readonly number[]): void {
    const { columns } = block;
    const tally = this.#tally;
    const view = new BlockView(columns, () => this.#cache.body(block.segment, block.number), rows);
    const wantsSpans = this.#only === undefined || this.#only.scope === "span";
    const wantsResources = this.#only === undefined || this.#only.scope === "resource";
    let group = -1;
    for (const row of rows) {
      if (this.#name !== undefined) tally.add(this.#name, { type: "string", value: nameOf(columns, row) });
      if (this.#kind !== undefined) tally.add(this.#kind, codeOf("kind", columns.kind[row] as number));
      if (this.#status !== undefined) tally.add(this.#status, codeOf("status", columns.status[row] as number));
      if (wantsResources && columns.groupIndex[row] !== group) {
        group = columns.groupIndex[row] as number;
        for (const [key, value] of this.#resource(block, view, row)) tally.add(key, value);
      }
      if (wantsSpans) this.#addAttributes(view, row);
    }
  }

  #addAttributes(view: BlockView, row: number): void {
    const { spanStart, spanEnd } = view.columns;
    const seen = new Set<string>();
    const wants = (key: string) => {
      if (seen.has(key) || (this.#only !== undefined && this.#only.key !== key)) return false;
      seen.add(key);
      return true;
    };
    visitAttributes(view.body, spanStart[row] as number, spanEnd[row] as number, wants, (key, value) => {
      const tally = this.#keyOf("span", key);
      if (tally !== undefined) this.#tally.add(tally, comparable(value));
    });
  }

  /** What the row's resource says, each key once. */
  #resource({ segment, number }: CachedBlock, view: BlockView, row: number): readonly Resolved[] {
    const name = `${segment}/${number}/${view.columns.groupIndex[row]}`;
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const values = new Map<string, Resolved>();
    for (const { key, value } of view.group(row).resource.attributes) {
      const tally = values.has(key) ? undefined : this.#keyOf("resource", key);
      if (tally !== undefined) values.set(key, [tally, comparable(value)]);
    }
    if (this.#groups.size >= MAX_GROUPS) this.#groups.clear();
    const resolved = [...values.values()];
    this.#groups.set(name, resolved);
    return resolved;
  }

  /** Undefined where it is not asked about, or has no place. */
  #keyOf(scope: FacetScope, key: string): KeyTally | undefined {
    const only = this.#only;
    if (only !== undefined && (only.scope !== scope || only.key !== key)) return undefined;
    return this.#tally.keyTally(scope, key);
  }
}

/** Undefined for what compares with nothing. */
function comparable(value: AnyValue): FieldValue | undefined {
  switch (value.type) {
    case "string":
    case "int":
    case "bool":
      return value;
    case "double":
      return Number.isFinite(value.value) ? value : undefined;
    default:
      return undefined;
  }
}

function codeOf(type: "kind" | "status", value: number): FieldValue {
  return { type, value } as FieldValue;
}
