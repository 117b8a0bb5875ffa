import { setImmediate } from "node:timers/promises";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { ZipkinSpan } from "../../codec/zipkin/model.ts";
import { toZipkinSpans } from "../../codec/zipkin/to-zipkin.ts";
import { throwIfAborted } from "../../component/errors.ts";
import type { TraceReader } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import type { Gaps } from "../gaps.ts";
import type { ZipkinSearch } from "./params.ts";
import { lensSpan } from "./span-json.ts";

type SpanTest = (span: ZipkinSpan) => boolean;

const SPANS_A_STEP = 64;
const PAGE = 50;
/** Looking at candidates ends here, ms, as a search does. */
const BUDGET_MS = 30_000;

export interface FoundTraces {
  readonly ids: readonly string[];
  /** Why there may be others. */
  readonly incomplete?: string;
}

/**
 * The traces that match a search of several conditions, newest first: in Zipkin each may hold for another span of the
 * service. `query` finds what satisfies one of them; whole traces are looked at for the rest.
 */
export async function matchingTraces(
  reader: TraceReader,
  search: ZipkinSearch,
  query: TraceQuery,
  signal: AbortSignal,
  gaps: Gaps,
): Promise<FoundTraces> {
  const deadline = performance.now() + BUDGET_MS;
  const ids: string[] = [];
  let after: TraceQuery["after"];
  for (;;) {
    const page = await reader.find({ ...query, limit: PAGE, ...(after === undefined ? {} : { after }) }, signal);
    const asked = page.traces.map(({ traceId }) => hexToBytes(traceId) as Uint8Array);
    let at = 0;
    for await (const fragments of reader.traces(asked, signal, gaps.onGap)) {
      const { traceId } = page.traces[at++] as (typeof page.traces)[number];
      if (!(await traceMatches(fragments, search, signal))) continue;
      ids.push(traceId);
      if (ids.length >= query.limit) return { ids };
    }
    if (!page.complete) return { ids, incomplete: `the search saw only a part: ${page.reason ?? "it ended early"}` };
    if (page.next === undefined) return { ids };
    if (performance.now() > deadline) return { ids, incomplete: "the search ran out of time" };
    after = page.next;
  }
}

async function traceMatches(
  fragments: readonly LogFragment[],
  search: ZipkinSearch,
  signal: AbortSignal,
): Promise<boolean> {
  let left = testsOf(search);
  for (const { block, rows } of fragments) {
    for (let at = 0; at < rows.length; at += SPANS_A_STEP) {
      throwIfAborted(signal);
      for (const raw of toZipkinSpans(fragmentRecords({ block, rows: rows.slice(at, at + SPANS_A_STEP) }))) {
        const span = lensSpan(raw);
        if (search.serviceName !== undefined && span.localEndpoint?.serviceName !== search.serviceName) continue;
        left = left.filter((test) => !test(span));
        if (left.length === 0) return true;
      }
      await setImmediate();
    }
  }
  return false;
}

function testsOf({ remoteServiceName, spanName, annotations, minDuration, maxDuration }: ZipkinSearch): SpanTest[] {
  const tests: SpanTest[] = annotations.map(([key, value]) => (span) => {
    if (value !== "") return span.tags?.[key] === value;
    return span.tags?.[key] !== undefined || (span.annotations ?? []).some((annotation) => annotation.value === key);
  });
  if (spanName !== undefined) tests.push(({ name }) => name === spanName);
  if (remoteServiceName !== undefined) {
    tests.push(({ remoteEndpoint }) => remoteEndpoint?.serviceName === remoteServiceName);
  }
  if (minDuration !== undefined) {
    const max = maxDuration ?? BigInt(Number.MAX_SAFE_INTEGER);
    tests.push(({ duration = 0 }) => duration >= minDuration && duration <= max);
  }
  return tests;
}
