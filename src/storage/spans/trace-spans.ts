import type { SpanColumns } from "../../model/span-columns.ts";
import type { CachedBlock, TraceRows, TraceTimes } from "../cache/cached-block.ts";
import { BlockView } from "./block-view.ts";
import { SpanTree } from "./span-tree.ts";
import { findRoot, type MatchedRows, traceTimes } from "./summary.ts";

/** Bodies that are held at once while one trace is looked at; more are let go of and loaded again. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

type LoadBody = (block: CachedBlock) => Uint8Array | undefined;

/**
 * All spans of one trace, each once, numbered from 0 in log order. What is derived of the whole is made when it is
 * first asked for.
 */
export class TraceSpans {
  readonly count: number;
  readonly traceId: string;
  readonly parts: readonly TraceRows[];
  /** Spans of part p are those from number firsts[p] to firsts[p + 1]. */
  readonly firsts: Uint32Array;
  readonly #partOf: Uint32Array;
  readonly #rowOf: Uint32Array;
  readonly #loadBody: LoadBody;
  #views: (BlockView | undefined)[] = [];
  #bodyBytes = 0;
  #tree: SpanTree | undefined;
  #times: TraceTimes | undefined;
  /** -1 where no span without parent is stored. */
  #root: number | undefined;

  constructor(traceId: string, parts: readonly TraceRows[], loadBody: LoadBody) {
    this.traceId = traceId;
    this.parts = parts;
    this.#loadBody = loadBody;
    this.firsts = new Uint32Array(parts.length + 1);
    for (const [part, { rows }] of parts.entries()) this.firsts[part + 1] = (this.firsts[part] as number) + rows.length;
    this.count = this.firsts[parts.length] as number;
    this.#partOf = new Uint32Array(this.count);
    this.#rowOf = new Uint32Array(this.count);
    let span = 0;
    for (const [part, { rows }] of parts.entries()) {
      for (const row of rows) {
        this.#partOf[span] = part;
        this.#rowOf[span++] = row;
      }
    }
  }

  columns(span: number): SpanColumns {
    return (this.parts[this.#partOf[span] as number] as TraceRows).block.columns;
  }

  /** In the columns of its block. */
  row(span: number): number {
    return this.#rowOf[span] as number;
  }

  /** Ascending span numbers as rows of their blocks. */
  rowsOf(spans: Iterable<number>): MatchedRows[] {
    const found: { columns: SpanColumns; rows: number[] }[] = [];
    for (const span of spans) {
      const columns = this.columns(span);
      const last = found.at(-1);
      if (last?.columns === columns) last.rows.push(this.row(span));
      else found.push({ columns, rows: [this.row(span)] });
    }
    return found;
  }

  /** Of the span's block. Asking it for what is in a body may throw BlockGone. */
  view(span: number): BlockView {
    const part = this.#partOf[span] as number;
    const known = this.#views[part];
    if (known !== undefined) return known;
    const { block, rows } = this.parts[part] as TraceRows;
    const view = new BlockView(block.columns, () => this.#load(block), rows);
    this.#views[part] = view;
    return view;
  }

  get tree(): SpanTree {
    this.#tree ??= new SpanTree(this);
    return this.#tree;
  }

  get times(): TraceTimes {
    this.#times ??= traceTimes(this.parts);
    return this.#times;
  }

  /** The earliest span without parent, as TraceSummary has it; -1 where none is stored. */
  get root(): number {
    if (this.#root === undefined) {
      const found = findRoot(this.parts);
      this.#root = found === undefined ? -1 : this.#numberOf(found.columns, found.row);
    }
    return this.#root;
  }

  #numberOf(columns: SpanColumns, row: number): number {
    const part = this.parts.findIndex(({ block }) => block.columns === columns);
    return (this.firsts[part] as number) + (this.parts[part] as TraceRows).rows.indexOf(row);
  }

  #load(block: CachedBlock): Uint8Array | undefined {
    const body = this.#loadBody(block);
    this.#bodyBytes += body?.byteLength ?? 0;
    if (this.#bodyBytes > MAX_BODY_BYTES) {
      this.#views = [];
      this.#bodyBytes = body?.byteLength ?? 0;
    }
    return body;
  }
}
