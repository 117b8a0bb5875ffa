import { hexToBytes } from "../../model/ids.ts";
import { SPAN_KIND_NAMES, STATUS_CODE } from "../../model/span.ts";
import { count, printable } from "../../query/text/readable.ts";
import { renderTree } from "../../query/text/trace-tree.ts";
import { PARENT_MISSING, PARENT_NONE, type TraceColumns } from "../../query/ui/columns-format.ts";
import { spanForest } from "./span-tree.ts";
import type { TestSpan, TestTrace } from "./test-trace.ts";

/** Characters that a message has room for; what is left out is said. */
const MOST_TEXT = 64 * 1024;
const PLAIN = { bold: String, dim: String, red: String };

/** Traces as trees, each with its heading, and an empty line between two. */
export function drawTraces(traces: readonly TestTrace[]): string {
  const parts: string[] = [];
  let length = 0;
  for (const [i, trace] of traces.entries()) {
    const text = drawTrace(trace, MOST_TEXT - length);
    parts.push(text);
    length += text.length;
    if (length >= MOST_TEXT && i + 1 < traces.length) {
      parts.push(`and ${count(traces.length - i - 1, "more trace")}, for which there is no room here`);
      break;
    }
  }
  return parts.join("\n\n");
}

function drawTrace(trace: TestTrace, room: number): string {
  const options = { messages: messagesOf(trace.spans), onlyErrors: false, width: undefined, style: PLAIN };
  const lines: string[] = [];
  let length = 0;
  for (const line of renderTree(columnsOf(trace), options)) {
    lines.push(line.trimEnd());
    length += line.length + 1;
    if (length < room) continue;
    lines.push(`(there is no room for the rest of ${count(trace.spans.length, "span")})`);
    break;
  }
  return lines.join("\n");
}

/** `payments  charge card (b7ad6b7169203331)`. */
export function spanTitle({ service, name, spanId }: TestSpan): string {
  return printable(`${service}  ${name} (${spanId})`);
}

/** Why spans failed, by row: the message of the status, or of an exception. */
function messagesOf(spans: readonly TestSpan[]): Map<number, string> {
  const messages = new Map<number, string>();
  for (const [row, span] of spans.entries()) {
    const text = failureText(span);
    if (span.status === "error" && text !== undefined) messages.set(row, text.split("\n", 1)[0] as string);
  }
  return messages;
}

export function failureText({ statusMessage, events }: TestSpan): string | undefined {
  if (statusMessage !== "") return statusMessage;
  const thrown = events.find(({ attributes }) => typeof attributes["exception.message"] === "string");
  return thrown?.attributes["exception.message"] as string | undefined;
}

/** The columns that the tree is drawn from; a trace's spans are in their order already. */
function columnsOf({ traceId, spans }: TestTrace): TraceColumns {
  const { inOrder } = spanForest(spans);
  const ordered = inOrder.map(({ span }) => span);
  const [base, end] = bounds(ordered);
  const rows = new Map(inOrder.map(({ span }, row) => [span, row]));
  const parent = new Int32Array(ordered.length).fill(PARENT_NONE);
  for (const [row, { children }] of inOrder.entries()) {
    for (const child of children) parent[rows.get(child.span) as number] = row;
  }
  const missing: number[] = [];
  const ids = new Set(ordered.map(({ spanId }) => spanId));
  for (const [row, { parentSpanId }] of ordered.entries()) {
    if (parent[row] !== PARENT_NONE || parentSpanId === "" || ids.has(parentSpanId)) continue;
    parent[row] = PARENT_MISSING;
    missing.push(row);
  }
  const services = [...new Set(ordered.map(({ service }) => service))];
  const names = [...new Set(ordered.map(({ name }) => name))];
  return {
    traceId,
    count: ordered.length,
    baseStartNano: base,
    durationNano: Number(end - base),
    collapsedDuplicates: 0,
    start: Float64Array.from(ordered, (span) => Number(BigInt(span.startTimeUnixNano) - base)),
    duration: Float64Array.from(ordered, ({ durationMs }) => durationMs * 1e6),
    parent,
    service: Uint32Array.from(ordered, ({ service }) => services.indexOf(service)),
    name: Uint32Array.from(ordered, ({ name }) => names.indexOf(name)),
    missingRows: Uint32Array.from(missing),
    attributeCount: new Uint16Array(ordered.length),
    eventCount: new Uint16Array(ordered.length),
    linkCount: new Uint16Array(ordered.length),
    label: new Uint32Array(ordered.length),
    eventTime: new Float64Array(0),
    eventRow: new Uint32Array(0),
    eventIsException: new Uint8Array(0),
    labels: [],
    spanIds: idBytes(ordered.map(({ spanId }) => spanId)),
    missingParentIds: idBytes(missing.map((row) => (ordered[row] as TestSpan).parentSpanId)),
    kind: Uint8Array.from(ordered, ({ kind }) => SPAN_KIND_NAMES.indexOf(kind)),
    status: Uint8Array.from(ordered, ({ status }) => STATUS_CODE[status]),
    marks: new Uint8Array(ordered.length),
    services,
    names,
  };
}

/** Earliest start and latest end, ns since the epoch. */
function bounds(spans: readonly TestSpan[]): [bigint, bigint] {
  let [first, last] = [undefined as bigint | undefined, 0n];
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
    const [start, end] = [BigInt(startTimeUnixNano), BigInt(endTimeUnixNano)];
    if (first === undefined || start < first) first = start;
    if (end > last) last = end;
  }
  return [first ?? 0n, last];
}

function idBytes(ids: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.concat(ids.map((id) => hexToBytes(id) ?? new Uint8Array(8))));
}
