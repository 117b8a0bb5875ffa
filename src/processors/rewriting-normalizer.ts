import { rewriteBody } from "../codec/otlp/cut/cut.ts";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import { encodeSpan, encodeTraces } from "../codec/otlp/message/encode.ts";
import type { BatchFormat } from "../component/ingest.ts";
import type { Metrics } from "../component/metrics.ts";
import { SPAN_MARK, type Span, type TracesData } from "../model/span.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import { type NormalizedBatch, type NormalizedPiece, Normalizer, type Verdict } from "./normalize/normalize.ts";
import type { ProcessorsConfig } from "./processors-config.ts";
import { type CreateRewrite, inTurn, type Rewrite } from "./rewrite/rewrite.ts";
import { REWRITES } from "./rewrites.ts";

export interface BatchNormalizer {
  /** Valid until the next call. @throws PermanentError `malformed` */
  normalize(format: BatchFormat, bytes: Uint8Array): NormalizedBatch;
  /** A large batch piece by piece, as Normalizer has it. */
  pieces(format: BatchFormat, bytes: Uint8Array): Generator<NormalizedPiece | undefined, Verdict>;
}

/** Marks that tell how a span came; a new scan cannot see them. */
const KEPT_MARKS = SPAN_MARK.mended | SPAN_MARK.unknownKind;

/**
 * The normaliser of a config. Without a processor that rewrites, bytes go through as they came. With some, batches are
 * decoded and rewritten by one after the other (rewrites.ts). What nothing changed stays byte for byte; head sampling
 * sees what was rewritten.
 */
export function createNormalizer(config: ProcessorsConfig, metrics: Metrics): BatchNormalizer {
  const normalizer = new Normalizer(config.normalize, metrics);
  const rewrites = createRewrites(config, metrics);
  return rewrites.length === 0 ? normalizer : new RewritingNormalizer(normalizer, inTurn(rewrites));
}

function createRewrites(config: ProcessorsConfig, metrics: Metrics): Rewrite[] {
  const types = Object.keys(REWRITES) as (keyof typeof REWRITES)[];
  return types.flatMap((type) => (REWRITES[type] as CreateRewrite<unknown>)(config[type], metrics) ?? []);
}

class RewritingNormalizer implements BatchNormalizer {
  readonly #normalizer: Normalizer;
  readonly #rewrites: Rewrite;

  constructor(normalizer: Normalizer, rewrites: Rewrite) {
    this.#normalizer = normalizer;
    this.#rewrites = rewrites;
  }

  normalize(format: BatchFormat, bytes: Uint8Array): NormalizedBatch {
    const first = this.#normalizer.normalize(format, bytes);
    const { verdict, ...piece } = this.#rewrite(first);
    return { ...piece, ...both(first, verdict) };
  }

  *pieces(format: BatchFormat, bytes: Uint8Array): Generator<NormalizedPiece | undefined, Verdict> {
    const pieces = this.#normalizer.pieces(format, bytes);
    let told = NOTHING;
    for (;;) {
      const { done, value } = pieces.next();
      if (done === true) return both(value, told);
      const rewritten = value && this.#rewrite(value);
      if (rewritten !== undefined) told = both(told, rewritten.verdict);
      yield rewritten;
    }
  }

  /** The piece as the rules make it, and what is to be told of that. */
  #rewrite(first: NormalizedPiece): NormalizedPiece & { readonly verdict: Verdict } {
    const same = { body: first.body, scan: first.scan, verdict: NOTHING };
    if (first.scan.columns.count === 0) return same;
    const data = decodeTraces(first.body);
    const { data: rewritten, order } = this.#rewrites.apply(data);
    if (rewritten === data) return same;
    const { columns } = first.scan;
    const body = changedSpansOnly(first.body, columns, data, rewritten, order) ?? encodeTraces(withSpans(rewritten));
    // Copied, since the second scan writes over the first.
    const marks = columns.marks.slice();
    const again = this.#normalizer.normalize("otlp_protobuf", body);
    keepMarks(again.scan.columns, marks, order);
    return { body: again.body, scan: again.scan, verdict: again };
  }
}

const NOTHING: Verdict = { rejected: 0, message: "" };

function both(first: Verdict, second: Verdict): Verdict {
  return {
    rejected: first.rejected + second.rejected,
    message: [first.message, second.message].filter((text) => text !== "").join("; "),
  };
}

/** Groups without spans have no row, so that encoding them anew would gain nothing. */
function withSpans(data: TracesData): TracesData {
  return data.filter((entry) => entry.scopeSpans.some((group) => group.spans.length > 0));
}

/** The body with the changed spans alone encoded anew; undefined where a resource or a scope changed, too. */
function changedSpansOnly(
  body: Uint8Array,
  columns: SpanColumns,
  before: TracesData,
  after: TracesData,
  order: readonly number[] | undefined,
): Uint8Array | undefined {
  if (order !== undefined) return undefined;
  const changed = new Map<number, Span>();
  let row = 0;
  for (const [i, entry] of before.entries()) {
    if (after[i]?.resource !== entry.resource) return undefined;
    for (const [j, group] of entry.scopeSpans.entries()) {
      const other = after[i].scopeSpans[j];
      if (other?.scope !== group.scope) return undefined;
      for (const [k, span] of group.spans.entries()) {
        const now = other.spans[k] as Span;
        if (now !== span) changed.set(row, now);
        row++;
      }
    }
  }
  if (row !== columns.count) return undefined;
  const rows = Array.from({ length: row }, (_, at) => at);
  return rewriteBody(body, columns, rows, (at) => {
    const span = changed.get(at);
    return span && encodeSpan(span);
  });
}

function keepMarks(columns: SpanColumns, before: Uint8Array, order: readonly number[] | undefined): void {
  if (before.length !== columns.count) return;
  for (let row = 0; row < columns.count; row++) {
    const kept = (before[order?.[row] ?? row] as number) & KEPT_MARKS;
    columns.marks[row] = (columns.marks[row] as number) | kept;
  }
}
