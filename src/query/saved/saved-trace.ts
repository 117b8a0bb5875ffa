import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { toTracesData } from "../../codec/mapping/placed-span.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { PACKAGE_ROOT } from "../../codec/package-root.ts";
import { PermanentError, throwIfAborted } from "../../component/errors.ts";
import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import { operationAt } from "../analysis/analysed-trace.ts";
import { operationKey } from "../analysis/usual.ts";
import { Gaps } from "../gaps.ts";
import { type SavedAbout, savedElements } from "../local/saved-format.ts";
import { shownId } from "../shown-id.ts";
import type { UiUsual } from "../ui/api-types.ts";
import type { TraceColumns } from "../ui/columns-format.ts";
import { columnsOf } from "../ui/columns-of.ts";
import { requireTrace } from "../ui/one-trace.ts";
import { type UsualTable, usualTimes } from "../ui/usual-times.ts";
import { type RedactOptions, Redactor } from "./redact.ts";

export interface SavedTraceParams {
  readonly traceId: string;
  readonly redact: RedactOptions;
  /** ms since the epoch */
  readonly nowMs: number;
}

const PAGE = new URL("dist/saved/page.html", PACKAGE_ROOT);
/** Stands in the built page where the trace goes. */
const PLACE = "<!--trace-->";
/** Longest trace that is made a page, bytes of its spans: a browser has them in memory several times. */
const MAX_SPAN_BYTES = 128 << 20;
const gzipAsync = promisify(gzip);

/**
 * The trace page of one trace as one HTML file that asks nobody for anything. Throws PermanentError `too_large`, and
 * `unsupported` where the page was not built.
 */
export async function savedTrace(
  reader: TraceReader,
  { traceId, redact, nowMs }: SavedTraceParams,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await requireTrace(reader, traceId, signal, gaps);
  const bytes = fragments.reduce((sum, fragment) => sum + spanBytes(fragment), 0);
  if (bytes > MAX_SPAN_BYTES) {
    throw new PermanentError(
      "too_large",
      `the trace has ${bytes} bytes, and a page of one file may have ${MAX_SPAN_BYTES}; download it as OTLP JSON`,
    );
  }
  const id = shownId(fragments, traceId);
  const { columns, tree } = columnsOf(id, fragments);
  const usual = await usualTimes(reader, columns.services, Number(tree.base / 1_000_000n), nowMs, signal);
  const redactor = new Redactor(redact);
  const records = [];
  for (const fragment of fragments) {
    throwIfAborted(signal);
    for (const record of fragmentRecords(fragment)) records.push(redactor.record(record));
  }
  const zipped = await gzipAsync(encodeTraces(toTracesData(records)), { level: 9 });
  const about: SavedAbout = {
    version: 1,
    traceId: id,
    savedAtMs: nowMs,
    spans: columns.count,
    redacted: redactor.redacted,
    places: placesOf(columns.services, await reader.servicePlaces?.(signal)),
    usual: usualOfTrace(columns, usual),
    ...gaps.mark,
  };
  const page = (await pageText()).replace(PLACE, () => savedElements(about, zipped.toString("base64")));
  return { status: 200, contentType: "text/html; charset=utf-8", body: new TextEncoder().encode(page), ...gaps.mark };
}

function spanBytes({ block, rows }: LogFragment): number {
  const { spanStart, spanEnd } = block.columns;
  return rows.reduce((sum, row) => sum + (spanEnd[row] as number) - (spanStart[row] as number), 0);
}

async function pageText(): Promise<string> {
  try {
    return await readFile(PAGE, "utf8");
  } catch (cause) {
    const message = "the page for traces in one file is not built: run `npm run build`";
    throw new PermanentError("unsupported", message, { cause });
  }
}

function placesOf(services: readonly string[], places: ReadonlyMap<string, number> | undefined) {
  const known = services.map((name): [string, number] => [name, places?.get(name) ?? -1]);
  return Object.fromEntries(known.filter(([, place]) => place >= 0));
}

/** Of the operations that the trace has: its services may have thousands. */
function usualOfTrace(columns: TraceColumns, usual: UsualTable): UiUsual[] {
  const keys = new Set<string>();
  for (let row = 0; row < columns.count; row++) keys.add(operationKey(operationAt(columns, row)));
  return [...usual]
    .filter(([key]) => keys.has(key))
    .map(([, { operation, usual: times }]) => ({
      service: operation.service,
      name: operation.name,
      kind: SPAN_KIND_NAMES[operation.kind],
      ...times,
    }));
}

/** The view that makes it (component/read.ts). */
export const savedViews = { "ui.saved": savedTrace } as const satisfies ViewTable;
