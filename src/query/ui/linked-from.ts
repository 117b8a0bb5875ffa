import { throwIfAborted } from "../../component/errors.ts";
import type { TraceReader, ViewResult } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import { Gaps } from "../gaps.ts";
import { jsonBytes } from "../json-writer.ts";
import type { UiLinkedFromResponse } from "./api-types.ts";
import { linkingSpans } from "./one-trace.ts";

/** Traces that are looked through, newest first, and spans that are listed. */
const MAX_TRACES = 50;
const MAX_SPANS = 200;

/** `UiLinkedFromResponse`: spans of any trace, this one too, that hold a link to the trace. */
export async function linkedFrom(
  reader: TraceReader,
  { traceId }: { readonly traceId: string },
  signal: AbortSignal,
): Promise<ViewResult> {
  const value = { type: "text", value: traceId } as const;
  const filter = { op: "compare", field: { intrinsic: "linkTraceId" }, is: "=", value } as const;
  const found = await reader.find({ filter, limit: MAX_TRACES }, signal);
  const spans: UiLinkedFromResponse["spans"][number][] = [];
  const gaps = new Gaps();
  gaps.add(found.reason);
  for (const trace of found.traces) {
    if (spans.length > MAX_SPANS) break;
    const fragments = await reader.trace(hexToBytes(trace.traceId) as Uint8Array, signal, gaps.onGap);
    for (const fragment of fragments) {
      throwIfAborted(signal);
      // Where ids of two lengths name one trace, its spans have the one under which it is shown.
      spans.push(...linkingSpans(fragment, traceId).map((span) => ({ ...span, traceId: trace.traceId })));
    }
  }
  const body = jsonBytes({
    spans: spans.slice(0, MAX_SPANS),
    complete: gaps.reason === undefined && found.complete && found.next === undefined && spans.length <= MAX_SPANS,
  } satisfies UiLinkedFromResponse);
  return { status: 200, contentType: "application/json", body, ...gaps.mark };
}
