import { decodeGroup } from "../../codec/otlp/message/decode.ts";
import { throwIfAborted } from "../../component/errors.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { LogBlock, LogFragment } from "../../model/log.ts";
import { SPAN_KIND } from "../../model/span.ts";
import { isRoot, type SpanColumns } from "../../model/span-columns.ts";
import { sharesSpanIds } from "../fragments.ts";
import type { JsonWriter } from "../json-writer.ts";
import { spansToCut } from "./cut-references.ts";
import { serversOwnIds } from "./server-span-ids.ts";
import { SpanJson } from "./span-json.ts";
import { type DerivedTag, derivedText, tagJson } from "./tag-json.ts";

const SPANS_A_STEP = 64;

/**
 * Writes traces as Jaeger's v1 API does: `{traceID, spans, processes, warnings}`, times and durations in whole µs,
 * negative durations as 0 with a warning. What the spans of a group share is decoded once for all traces of an answer,
 * which often lie in the same batches.
 */
export class JaegerTraceJson {
  readonly #writer: JsonWriter;
  readonly #signal: AbortSignal | undefined;
  /** By batch; those of batches that are let go of meanwhile go with them. */
  readonly #groups = new WeakMap<SpanColumns, (Group | undefined)[]>();

  constructor(writer: JsonWriter, signal?: AbortSignal) {
    this.#writer = writer;
    this.#signal = signal;
  }

  /**
   * `raw` leaves span ids that a client and a server share as they are, and references that lead round in a circle.
   * Throws DecodeError where a body is damaged, and PermanentError `cancelled`.
   */
  write(traceId: string, fragments: readonly LogFragment[], raw: boolean): void {
    for (const _ of this.steps(traceId, fragments, raw));
  }

  /** As `write`, which goes on when the caller does: after every few spans the writer may be emptied. */
  *steps(traceId: string, fragments: readonly LogFragment[], raw: boolean): Generator<void, void, void> {
    const w = this.#writer;
    const processes = new Map<string, string>();
    const ownIds = !raw && sharesSpanIds(fragments) ? serversOwnIds(fragments) : undefined;
    const cut = raw ? undefined : spansToCut(fragments, traceId, ownIds !== undefined);
    w.raw(`{"traceID":"${traceId}","spans":[`);
    let first = true;
    let written = 0;
    for (const { block, rows } of fragments) {
      throwIfAborted(this.#signal);
      const spans = new SpanJson(w, block);
      const groups = this.#groupsOf(block);
      const cutRows = cut?.get(block.columns);
      for (const row of rows) {
        if (!first) w.raw(",");
        first = false;
        const index = block.columns.groupIndex[row] as number;
        groups[index] ??= readGroup(block, index);
        const { process, scopeTags } = groups[index];
        let processId = processes.get(process);
        if (processId === undefined) {
          processId = `p${processes.size + 1}`;
          processes.set(process, processId);
        }
        const ids = ownIds === undefined ? undefined : changedIds(block.columns, row, ownIds);
        spans.write(row, { traceId, processId, scopeTags, ...ids, cut: cutRows?.has(row) });
        if (++written % SPANS_A_STEP === 0) yield;
      }
    }
    w.raw('],"processes":{');
    let separator = '"';
    for (const [process, id] of processes) {
      w.raw(`${separator}${id}":`);
      w.raw(process);
      separator = ',"';
    }
    w.raw('},"warnings":null}');
  }

  #groupsOf({ columns }: LogBlock): (Group | undefined)[] {
    let groups = this.#groups.get(columns);
    if (groups === undefined) {
      groups = [];
      this.#groups.set(columns, groups);
    }
    return groups;
  }
}

/** What the spans of one ScopeSpans message share. */
interface Group {
  /** JSON of Jaeger's process: service and resource attributes. */
  readonly process: string;
  readonly scopeTags: readonly DerivedTag[];
}

function readGroup({ body, columns }: LogBlock, index: number): Group {
  const { resource, scope, service } = decodeGroup(body, columns, index);
  const tags = resource.attributes.filter(({ key }) => key !== "service.name").map(tagJson);
  const scopeTags: DerivedTag[] = [];
  if (scope.name !== "") scopeTags.push(derivedText("otel.scope.name", scope.name));
  if (scope.version !== "") scopeTags.push(derivedText("otel.scope.version", scope.version));
  return { process: `{"serviceName":${JSON.stringify(service)},"tags":[${tags.join(",")}]}`, scopeTags };
}

/** The ids of a row that are others where servers got their own. */
function changedIds(
  columns: SpanColumns,
  row: number,
  ownIds: ReadonlyMap<string, string>,
): { readonly spanId?: string; readonly parentId?: string } {
  const spanId = bytesToHex(columns.spanIds, row * 8, 8);
  const own = columns.kind[row] === SPAN_KIND.server ? ownIds.get(spanId) : undefined;
  if (own !== undefined) return { spanId: own, parentId: spanId };
  const parentId = isRoot(columns, row) ? undefined : ownIds.get(bytesToHex(columns.parentIds, row * 8, 8));
  return parentId === undefined ? {} : { parentId };
}
