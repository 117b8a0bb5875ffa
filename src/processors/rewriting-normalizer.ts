import { rewriteBody } from "../codec/otlp/cut/cut.ts";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import { encodeSpan, encodeTraces } from "../codec/otlp/message/encode.ts";
import type { BatchFormat } from "../component/ingest.ts";
import type { Metrics } from "../component/metrics.ts";
import { SPAN_MARK, type Span, type TracesData } from "../model/span.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import { type NormalizedBatch, Normalizer } from "./normalize/normalize.ts";
import type { ProcessorsConfig } from "./processors-config.ts";
import { AttributeActions } from "./rewrite/attribute-actions.ts";
import { GroupByAttributes } from "./rewrite/group-by-attributes.ts";
import { Redaction } from "./rewrite/redaction.ts";
import { SemconvRewrite } from "./rewrite/semconv-rewrite.ts";

export interface BatchNormalizer {
  /** Valid until the next call. @throws PermanentError `malformed` */
  normalize(format: BatchFormat, bytes: Uint8Array): NormalizedBatch;
}

/** Gives the same object where nothing changes, and never changes the number or the order of spans. */
interface Rewrite {
  apply(data: TracesData): TracesData;
}

/** Marks that tell how a span came; a new scan cannot see them. */
const KEPT_MARKS = SPAN_MARK.mended | SPAN_MARK.unknownKind;

/**
 * The normaliser of a config. Without a processor that rewrites, bytes go through as they came. With one, batches are
 * decoded and rewritten in this order: redaction, semantic conventions, grouping by attributes, resource and attribute
 * actions, so that nothing redacted can be copied elsewhere and actions meet one vocabulary. What nothing changed stays
 * byte for byte; head sampling sees what was rewritten.
 */
export function createNormalizer(config: ProcessorsConfig, metrics: Metrics): BatchNormalizer {
  const normalizer = new Normalizer(config.normalize, metrics);
  const before: Rewrite[] = [];
  if (config.redaction.rules.length > 0) before.push(new Redaction(config.redaction, metrics));
  if (config.semconv.rewrite === "latest") before.push(new SemconvRewrite(metrics));
  const grouping =
    config.groupbyattrs.keys.length > 0 ? new GroupByAttributes(config.groupbyattrs, metrics) : undefined;
  const acting = config.resource.attributes.length + config.attributes.actions.length > 0;
  const after: Rewrite[] = acting ? [new AttributeActions(config.resource, config.attributes, metrics)] : [];
  if (before.length === 0 && grouping === undefined && after.length === 0) return normalizer;
  return new RewritingNormalizer(normalizer, before, grouping, after);
}

class RewritingNormalizer implements BatchNormalizer {
  readonly #normalizer: Normalizer;
  readonly #before: readonly Rewrite[];
  readonly #grouping: GroupByAttributes | undefined;
  readonly #after: readonly Rewrite[];

  constructor(
    normalizer: Normalizer,
    before: readonly Rewrite[],
    grouping: GroupByAttributes | undefined,
    after: readonly Rewrite[],
  ) {
    this.#normalizer = normalizer;
    this.#before = before;
    this.#grouping = grouping;
    this.#after = after;
  }

  normalize(format: BatchFormat, bytes: Uint8Array): NormalizedBatch {
    const first = this.#normalizer.normalize(format, bytes);
    if (first.scan.columns.count === 0) return first;
    const data = decodeTraces(first.body);
    const prepared = run(this.#before, data);
    const grouped = this.#grouping?.apply(prepared) ?? { data: prepared, order: undefined };
    const rewritten = run(this.#after, grouped.data);
    if (rewritten === data) return first;
    const { columns } = first.scan;
    const body =
      changedSpansOnly(first.body, columns, data, rewritten, grouped.order) ?? encodeTraces(withSpans(rewritten));
    // Copied, since the second scan writes over the first.
    const marks = columns.marks.slice();
    const again = this.#normalizer.normalize("otlp_protobuf", body);
    keepMarks(again.scan.columns, marks, grouped.order);
    return {
      body: again.body,
      scan: again.scan,
      rejected: first.rejected + again.rejected,
      message: [first.message, again.message].filter((text) => text !== "").join("; "),
    };
  }
}

function run(rewrites: readonly Rewrite[], data: TracesData): TracesData {
  return rewrites.reduce((current, rewrite) => rewrite.apply(current), data);
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
