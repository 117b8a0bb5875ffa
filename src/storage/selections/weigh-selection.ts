import type { GroupCount, SelectionCounts, SelectionQuery } from "../../model/attribute-query.ts";
import { nameOf, serviceOf } from "../../model/span-columns.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { TraceRows } from "../cache/cached-block.ts";
import type { Pacer } from "../cache/pacer.ts";
import { BlockGone, BlockView } from "../spans/block-view.ts";
import { visitAttributeBytes } from "../spans/span-attributes.ts";
import { AttributeTally, type SharedAttribute, sharedAttributes, type TallyLimits } from "./attribute-tally.ts";
import { findSelected, type HeldTrace, type HeldTraces, numberOf } from "./found-traces.ts";

/** Of the time for counting what the selected traces may take where there are many. */
const SELECTED_SHARE = 0.5;
/** Of each side so many are counted, whatever the time, */
const LEAST_COUNTED = 100;
/** but not longer than so many times the budget. */
const PATIENCE = 4;
/** Spans of one trace that are looked at. */
const MAX_TRACE_SPANS = 50_000;
/** Spans between two looks at the clock. */
const STRIDE = 256;

/**
 * Finds the traces of both sides and counts which attributes they have, all of them where the time does. Else what is
 * counted is a sample: traces by the blocks in which they begin, blocks in no order, so that each is read once. Lets
 * others in; `pacerOf` makes the pacers of a long request.
 */
export async function weighSelection(
  cache: BlockCache,
  query: SelectionQuery,
  pacerOf: () => Pacer,
  missed: number,
  limits?: TallyLimits,
): Promise<SelectionCounts> {
  const { selected, rest, ...search } = await findSelected(cache, query, pacerOf, missed);
  const counting = new Counting(cache, pacerOf(), limits);
  const began = performance.now();
  const until = (share: number) => ({
    soft: began + share * query.budgetMs,
    hard: began + share * query.budgetMs * PATIENCE,
  });
  const ofSelected = await counting.side(selected, true, until(rest.found === 0 ? 1 : SELECTED_SHARE));
  const ofRest = await counting.side(rest, false, until(1));
  const { values, crowded, distinct } = counting.tally.result();
  return {
    selected: ofSelected,
    rest: ofRest,
    spans: counting.spans,
    values,
    distinct,
    crowded: crowded.map(({ scope, key }) => ({ scope, key })),
    ...search,
  };
}

class Counting {
  readonly tally: AttributeTally;
  spans = 0;
  readonly #cache: BlockCache;
  readonly #pacer: Pacer;
  /** Of the block that was seen last, by group: what its resource has. */
  #shared: { readonly columns: unknown; readonly groups: Map<number, readonly SharedAttribute[]> } | undefined;

  constructor(cache: BlockCache, pacer: Pacer, limits?: TallyLimits) {
    this.#cache = cache;
    this.#pacer = pacer;
    this.tally = new AttributeTally(limits);
  }

  async side(traces: HeldTraces, isSelected: boolean, until: { soft: number; hard: number }): Promise<GroupCount> {
    let counted = 0;
    for (const { key } of byBlocks(traces.held)) {
      const now = performance.now();
      if (now > (counted < LEAST_COUNTED ? until.hard : until.soft)) break;
      if (await this.#trace(key, isSelected)) counted++;
    }
    return { found: traces.found, counted };
  }

  /** False where the trace is gone by now. */
  async #trace(key: string, isSelected: boolean): Promise<boolean> {
    const trace = await this.#cache.trace(Buffer.from(key, "latin1"), this.#pacer);
    if (trace.length === 0) return false;
    this.tally.nextTrace(isSelected);
    let left = MAX_TRACE_SPANS;
    for (const part of trace) {
      try {
        left = await this.#part(part, left);
      } catch (error) {
        if (!(error instanceof BlockGone)) throw error;
      }
      if (this.#pacer.due()) await this.#pacer.pause();
    }
    return true;
  }

  async #part({ block, rows }: TraceRows, left: number): Promise<number> {
    const { columns } = block;
    const { spanStart, spanEnd, groupIndex } = columns;
    const view = new BlockView(columns, () => this.#cache.body(block.segment, block.number), rows);
    const body = Buffer.from(view.body.buffer, view.body.byteOffset, view.body.byteLength);
    const add = (from: number, to: number) => this.tally.addEncoded(body, from, to);
    if (this.#shared?.columns !== columns) this.#shared = { columns, groups: new Map() };
    const { groups } = this.#shared;
    let last = -1;
    for (const row of rows) {
      if (left-- <= 0) break;
      if (++this.spans % STRIDE === 0 && this.#pacer.due()) await this.#pacer.pause();
      const group = groupIndex[row] as number;
      if (group !== last) {
        last = group;
        const known = groups.get(group) ?? sharedAttributes(view.group(row).resource.attributes);
        groups.set(group, known);
        for (const attribute of known) this.tally.addShared(attribute);
        this.tally.nextService(serviceOf(columns, row));
      }
      this.tally.addName(nameOf(columns, row));
      visitAttributeBytes(body, spanStart[row] as number, spanEnd[row] as number, add);
    }
    return left;
  }
}

/** Traces of a block after each other, the blocks in an order that says nothing of when they were. */
function byBlocks(traces: readonly HeldTrace[]): readonly HeldTrace[] {
  const numbered = traces.map((trace) => ({
    trace,
    at: numberOf(`${trace.block.segment} ${trace.block.number}`),
  }));
  return numbered.sort((a, b) => a.at - b.at).map(({ trace }) => trace);
}
