import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { bytesToHex } from "../../model/ids.ts";
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
import type { UiUsual, UiVerdict } from "./api-types.ts";
import { type TraceColumns, traceDuration } from "./columns-format.ts";
import { errorText, shortenedError } from "./error-text.ts";
import type { TraceTree } from "./trace-tree.ts";
import type { UsualTable } from "./usual-times.ts";

/** Names of events that are told of the span to blame. */
const MAX_EVENTS = 2;

/** A trace to judge: its columns, and the tree that they were made of. */
export interface JudgedTrace {
  readonly fragments: readonly LogFragment[];
  readonly tree: TraceTree;
  readonly columns: TraceColumns;
}

/**
 * What is said of a trace as a whole.
 * @param growing spans of it have just arrived, so that more may
 * @param silent why nothing is to be said of its duration, whatever was found
 */
export function judgedTrace(
  { fragments, tree, columns }: JudgedTrace,
  usual: UsualTable,
  growing: boolean,
  silent?: string,
): UiVerdict {
  const found = judge(columns, (operation) => usual.get(operationKey(operation))?.usual, growing);
  const said = silent === undefined ? found : { ...found, silent };
  const traceDurationNano = traceDuration(columns);
  return {
    ...answer(columns, said, spansOf(fragments, tree), usual),
    ...(traceDurationNano !== undefined && { traceDurationNano }),
    growing,
  };
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
