import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { TraceReader, ViewResult } from "../../component/read.ts";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import { bytesToHex, hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND_NAMES, type Span } from "../../model/span.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import type { AnalysedTrace, OperationName } from "../analysis/analysed-trace.ts";
import { blameSentence, failedSentence, repeatSentence, slowSentence } from "../analysis/sentences.ts";
import { LEAST_SAMPLES, operationKey, type Usual } from "../analysis/usual.ts";
import { judge, type TraceVerdict } from "../analysis/verdict.ts";
import { Gaps } from "../gaps.ts";
import { jsonBytes } from "../json-writer.ts";
import type { UiUsual, UiVerdict } from "./api-types.ts";
import { encodeTraceColumns } from "./columns.ts";
import { decodeTraceColumns } from "./columns-format.ts";
import { errorText, shortenedError } from "./error-text.ts";
import { buildTraceTree, type TraceTree } from "./trace-tree.ts";

/** A trace to which spans came so short a time ago may still grow, ms. */
const SETTLED_MS = 5_000;
/** Services of one trace whose usual times are read. */
const MAX_SERVICES = 200;
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
  const columns = encodeTraceColumns(hexToBytes(traceId) as Uint8Array, fragments, tree);
  const trace = decodeTraceColumns(columns.buffer);
  const usual = await usualTimes(reader, trace.services, Number(tree.base / 1_000_000n), nowMs, signal);
  const newest = fragments.reduce((latest, { block }) => Math.max(latest, block.receivedAtMs), 0);
  const growing = gaps.reason === undefined && nowMs - newest < SETTLED_MS;
  const found = judge(trace, (operation) => usual.get(operationKey(operation))?.usual, growing);
  const said = gaps.reason === undefined ? found : { ...found, silent: "a part of the trace cannot be read now" };
  const body = jsonBytes({ ...answer(trace, said, spansOf(fragments, tree), usual), growing } satisfies UiVerdict);
  return { status: 200, contentType: "application/json", body, ...gaps.mark };
}

type UsualTable = ReadonlyMap<string, { readonly operation: OperationName; readonly usual: Usual }>;

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

interface Sum {
  readonly operation: OperationName;
  samples: number;
  readonly durations: ExponentialHistogram;
}

/**
 * How long the operations of these services took in the day before the trace began, where enough of them were seen; of
 * an operation that was not seen so often before, as in a new store, in the day after it too.
 */
async function usualTimes(
  reader: TraceReader,
  services: readonly string[],
  startMs: number,
  nowMs: number,
  signal: AbortSignal,
): Promise<UsualTable> {
  const hour = Math.floor(startMs / HOUR_MS) * HOUR_MS;
  const minute = Math.floor(startMs / MINUTE_MS) * MINUTE_MS;
  const sums = new Map<string, Sum>();
  const add = async (range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number }) => {
    if (range.startMs >= range.endMs) return;
    const enough = new Set([...sums].filter(([, { samples }]) => samples >= LEAST_SAMPLES).map(([key]) => key));
    const isAfter = range.startMs === minute;
    const query = { ...range, services: services.slice(0, MAX_SERVICES), byOperation: true };
    for (const { service, operation: name, kind, points } of (await reader.red(query, signal)).series) {
      if (name === undefined) continue;
      const operation = { service, name, kind };
      const key = operationKey(operation);
      if (isAfter && enough.has(key)) continue;
      const sum = sums.get(key) ?? { operation, samples: 0, durations: new ExponentialHistogram() };
      sums.set(key, sum);
      for (const point of points) {
        if (point === undefined) continue;
        sum.samples += point.spans;
        sum.durations.merge(point.durations);
      }
    }
  };
  // A range of more than a day is answered by hours, which are sixty times fewer to read.
  await add({ startMs: Math.max(0, hour - DAY_MS - 1), endMs: hour, stepMs: HOUR_MS });
  await add({ startMs: hour, endMs: minute, stepMs: MINUTE_MS });
  if (sums.size === 0 || [...sums.values()].some(({ samples }) => samples < LEAST_SAMPLES)) {
    await add({ startMs: minute, endMs: Math.min(nowMs, minute + DAY_MS), stepMs: MINUTE_MS });
  }
  const usual = new Map<string, { readonly operation: OperationName; readonly usual: Usual }>();
  for (const [key, { operation, samples, durations }] of sums) {
    if (samples < LEAST_SAMPLES) continue;
    const times = {
      medianNano: durations.quantile(0.5),
      p95Nano: durations.quantile(0.95),
      p99Nano: durations.quantile(0.99),
    };
    usual.set(key, { operation, usual: { samples, ...times } });
  }
  return usual;
}
