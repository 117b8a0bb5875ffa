import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { TraceReader, ViewResult } from "../../component/read.ts";
import { bytesToHex, hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND_NAMES, type Span } from "../../model/span.ts";
import { type AnalysedTrace, operationAt } from "../analysis/analysed-trace.ts";
import {
  blameSentence,
  failedSentence,
  repeatSentence,
  rootSentence,
  slowSentence,
  usualSentence,
} from "../analysis/sentences.ts";
import { operationKey } from "../analysis/usual.ts";
import { judge, type TraceVerdict } from "../analysis/verdict.ts";
import { Gaps } from "../gaps.ts";
import { jsonBytes } from "../json-writer.ts";
import { shownId } from "../shown-id.ts";
import type { UiUsual, UiVerdict } from "./api-types.ts";
import { encodeTraceColumns } from "./columns.ts";
import { decodeTraceColumns } from "./columns-format.ts";
import { errorText, shortenedError } from "./error-text.ts";
import { buildTraceTree, type TraceTree } from "./trace-tree.ts";
import { type UsualTable, usualTimes } from "./usual-times.ts";

/** A trace to which spans came so short a time ago may still grow, ms. */
const SETTLED_MS = 5_000;
/** Names of events that are told of the span to blame. */
const MAX_EVENTS = 2;

export interface VerdictParams {
  readonly traceId: string;
  /** ms since the epoch */
  readonly nowMs: number;
}

/** `UiVerdict`: whether the trace is slow, failed or repeats itself, and the usual times of its operations. */
export async function verdict(
  reader: TraceReader,
  { traceId, nowMs }: VerdictParams,
  signal: AbortSignal,
  requireTrace: (gaps: Gaps) => Promise<readonly LogFragment[]>,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await requireTrace(gaps);
  const tree = buildTraceTree(fragments);
  const columns = encodeTraceColumns(hexToBytes(shownId(fragments, traceId)) as Uint8Array, fragments, tree);
  const trace = decodeTraceColumns(columns.buffer);
  const usual = await usualTimes(reader, trace.services, Number(tree.base / 1_000_000n), nowMs, signal);
  const newest = fragments.reduce((latest, { block }) => Math.max(latest, block.receivedAtMs), 0);
  const growing = gaps.reason === undefined && nowMs - newest < SETTLED_MS;
  const found = judge(trace, (operation) => usual.get(operationKey(operation))?.usual, growing);
  const said = gaps.reason === undefined ? found : { ...found, silent: "a part of the trace cannot be read now" };
  const body = jsonBytes({ ...answer(trace, said, spansOf(fragments, tree), usual), growing } satisfies UiVerdict);
  return { status: 200, contentType: "application/json", body, ...gaps.mark };
}

function answer(
  trace: AnalysedTrace & { readonly spanIds: Uint8Array },
  found: TraceVerdict,
  spanOf: (row: number) => Span | undefined,
  usual: UsualTable,
): Omit<UiVerdict, "growing"> {
  const place = (row: number) => ({
    spanId: bytesToHex(trace.spanIds, row * 8, 8),
    kind: SPAN_KIND_NAMES[trace.kind[row] as 0],
  });
  const { slow, failed, repeated, silent } = found;
  const blame = slow?.blame;
  return {
    ...(found.root !== undefined && { root: { ...place(found.root), ...rootOf(trace, found.root, usual) } }),
    ...(slow !== undefined && {
      slow: {
        text: slowSentence(slow),
        durationNano: slow.durationNano,
        usualNano: slow.usual.medianNano,
        p95Nano: slow.usual.p95Nano,
        samples: slow.usual.samples,
        ...(blame !== undefined && {
          blame: {
            ...place(blame.row),
            text: blameSentence(
              trace,
              blame,
              slow.durationNano,
              blame.calls > 1 ? [] : eventNames(spanOf(blame.row), spanOf(trace.parent[blame.row] as number)),
            ),
            nano: blame.nano,
            calls: blame.calls,
          },
        }),
      },
    }),
    ...(failed !== undefined && {
      failed: {
        ...place(failed.row),
        text: failedSentence(trace, failed, failureText(spanOf(failed.row))),
        count: failed.count,
        recovered: failed.recovered,
      },
    }),
    ...(repeated !== undefined && {
      repeated: {
        ...place(repeated.row),
        text: repeatSentence(trace, repeated),
        calls: repeated.calls,
        nano: repeated.nano,
        share: repeated.share,
      },
    }),
    ...(silent !== undefined && { silent }),
    usual: [...usual.values()].map(
      ({ operation, usual: times }): UiUsual => ({
        service: operation.service,
        name: operation.name,
        kind: SPAN_KIND_NAMES[operation.kind],
        ...times,
      }),
    ),
  };
}

function rootOf(trace: AnalysedTrace, row: number, usual: UsualTable) {
  const durationNano = trace.duration[row] as number;
  const times = usual.get(operationKey(operationAt(trace, row)))?.usual;
  return {
    text: rootSentence(trace, row),
    durationNano,
    ...(times !== undefined && { usually: usualSentence(durationNano, times) }),
  };
}

function failureText(span: Span | undefined): string {
  return span === undefined ? "" : shortenedError(errorText(span));
}

/** What happened in the span, and in the one above it meanwhile: who asks often says what it waited for. */
function eventNames(span: Span | undefined, above: Span | undefined): string[] {
  if (span === undefined) return [];
  const meanwhile = (above?.events ?? []).filter(
    ({ timeUnixNano }) => timeUnixNano >= span.startTimeUnixNano && timeUnixNano <= span.endTimeUnixNano,
  );
  const names = [...span.events, ...meanwhile].map(({ name }) => name);
  return [...new Set(names)].filter((name) => name !== "exception" && name !== "").slice(0, MAX_EVENTS);
}

function spansOf(fragments: readonly LogFragment[], tree: TraceTree): (row: number) => Span | undefined {
  return (row) => {
    if (row < 0) return undefined;
    const { block } = fragments[tree.fragment[row] as number] as LogFragment;
    for (const { span } of fragmentRecords({ block, rows: [tree.source[row] as number] })) return span;
    return undefined;
  };
}
