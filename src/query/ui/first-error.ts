import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { TraceReader } from "../../component/read.ts";
import { anyValueText, findAttribute, type KeyValue } from "../../model/any-value.ts";
import { bytesToHex, hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { type Span, STATUS_CODE } from "../../model/span.ts";
import { startNano } from "../../model/span-columns.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import type { UiFirstError } from "./api-types.ts";

/** Characters of an error's text; the span has all of it. */
const MAX_TEXT = 200;
/** What a search may spend on reading its errors, ms: rows after that come without. */
const BUDGET_MS = 50;
/** Longer traces are not read for a row of a list. */
const MAX_SPANS = 5_000;
/** Error spans of one trace that are asked for a text. */
const MAX_ASKED = 4;

/**
 * Where each found trace went wrong first, by trace id: traces without errors have no entry, nor do those that there
 * was no time for. Reads a trace only for a row that has errors.
 */
export async function firstErrors(
  reader: TraceReader,
  traces: readonly TraceSummary[],
  signal: AbortSignal,
  budgetMs: number = BUDGET_MS,
): Promise<ReadonlyMap<string, UiFirstError>> {
  const found = new Map<string, UiFirstError>();
  const deadline = performance.now() + budgetMs;
  for (const { traceId, errorCount, spanCount } of traces) {
    if (errorCount === 0 || spanCount > MAX_SPANS) continue;
    if (performance.now() >= deadline) break;
    const error = firstError(await reader.trace(hexToBytes(traceId) as Uint8Array, signal));
    if (error !== undefined) found.set(traceId, error);
  }
  return found;
}

/**
 * The earliest span with an error that no child of it explains: errors travel up, and those above say less. Its text is
 * the status message, or that of an exception event, or `error.type`. Where it has none, later ones are asked.
 */
export function firstError(fragments: readonly LogFragment[]): UiFirstError | undefined {
  const failed = fragments.flatMap((fragment) =>
    fragment.rows
      .filter((row) => fragment.block.columns.status[row] === STATUS_CODE.error)
      .map((row) => ({ fragment, row, start: startNano(fragment.block.columns, row) })),
  );
  const explained = new Set(
    failed.map(({ fragment, row }) => bytesToHex(fragment.block.columns.parentIds, row * 8, 8)),
  );
  const origins = failed.filter(
    ({ fragment, row }) => !explained.has(bytesToHex(fragment.block.columns.spanIds, row * 8, 8)),
  );
  // Spans that are each other's parents leave none.
  const ordered = (origins.length > 0 ? origins : failed).sort((a, b) =>
    a.start < b.start ? -1 : Number(a.start > b.start),
  );
  let first: UiFirstError | undefined;
  for (const { fragment, row } of ordered.slice(0, MAX_ASKED)) {
    for (const { span, service } of fragmentRecords({ block: fragment.block, rows: [row] })) {
      const error = { spanId: span.spanId, service, name: span.name, text: shortened(errorText(span)) };
      if (error.text !== "") return error;
      first ??= error;
    }
  }
  return first;
}

function errorText(span: Span): string {
  if (span.status.message !== "") return span.status.message;
  for (const { name, attributes } of span.events) {
    if (name !== "exception") continue;
    const parts = [textOf(attributes, "exception.type"), textOf(attributes, "exception.message")];
    const text = parts.filter((part) => part !== "").join(": ");
    if (text !== "") return text;
  }
  return textOf(span.attributes, "error.type");
}

function textOf(attributes: readonly KeyValue[], key: string): string {
  const value = findAttribute(attributes, key);
  return value === undefined ? "" : anyValueText(value);
}

/** On one line; a longer one ends in `…`. */
function shortened(text: string): string {
  // More than is shown, so that what is cut away costs nothing.
  const line = text
    .slice(0, 4 * MAX_TEXT)
    .replace(/\s+/g, " ")
    .trim();
  const characters = [...line];
  return characters.length > MAX_TEXT ? `${characters.slice(0, MAX_TEXT - 1).join("")}…` : line;
}
