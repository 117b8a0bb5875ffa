import type { TraceReader, ViewResult } from "../../component/read.ts";
import type { LogFragment } from "../../model/log.ts";
import { Gaps } from "../gaps.ts";
import { jsonBytes } from "../json-writer.ts";
import { shownId } from "../shown-id.ts";
import type { UiVerdict } from "./api-types.ts";
import { columnsOf } from "./columns-of.ts";
import { judgedTrace } from "./judged-trace.ts";
import { usualTimes } from "./usual-times.ts";

/** A trace to which spans came so short a time ago may still grow, ms. */
const SETTLED_MS = 5_000;
/** Requests that came with a trace, as a load of many does, are counted so soon after it, ms. */
const COUNTED_MS = 60_000;

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
  const { tree, columns } = columnsOf(shownId(fragments, traceId), fragments);
  const usual = await usualTimes(reader, columns.services, Number(tree.base / 1_000_000n), nowMs, signal);
  const newest = fragments.reduce((latest, { block }) => Math.max(latest, block.receivedAtMs), 0);
  const growing = gaps.reason === undefined && nowMs - newest < SETTLED_MS;
  const silent = gaps.reason === undefined ? undefined : "a part of the trace cannot be read now";
  const judged = judgedTrace({ fragments, tree, columns }, usual, growing, silent);
  const uncounted = judged.root !== undefined && judged.root.usually === undefined && nowMs - newest < COUNTED_MS;
  const waits = growing ? "spans" : uncounted ? "usual" : undefined;
  const body = jsonBytes({ ...judged, ...(waits !== undefined && { waits }) } satisfies UiVerdict);
  return { status: 200, contentType: "application/json", body, ...gaps.mark };
}
