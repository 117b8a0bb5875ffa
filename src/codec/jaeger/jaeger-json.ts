import type { TracesData } from "../../model/span.ts";
import { DecodeError } from "../decode-error.ts";
import { intFromText } from "../mapping/any-value-json.ts";
import { type PlacedSpan, toTracesData } from "../mapping/placed-span.ts";
import { REFUSED } from "../otlp/message/id-faults.ts";
import type { Refusals } from "../otlp/message/refusals.ts";
import { fromJaegerProcess, fromJaegerSpan } from "./from-jaeger.ts";
import type { JaegerLog, JaegerProcess, JaegerReference, JaegerSpan, JaegerTag, JaegerValue } from "./model.ts";

const NANOS_PER_MICRO = 1_000n;
const NO_PROCESS: JaegerProcess = { serviceName: "", tags: [] };

type Json = Readonly<Record<string, unknown>>;

/**
 * Traces as Jaeger's UI downloads them and its `/api/traces` answers: `{"data":[{traceID, spans, processes}]}`, or one
 * of these by itself. A span without usable ids or start is refused.
 * @param json what JSON.parse made of the text
 * @throws DecodeError where it holds no list of traces
 */
export function readJaegerJson(json: unknown, refusals: Refusals): TracesData {
  const outer = objectOf(json);
  const traces = outer?.data ?? [json];
  if (!Array.isArray(traces)) throw new DecodeError("data: expected a list of Jaeger's traces");
  const placed: PlacedSpan[] = [];
  for (const [at, trace] of traces.entries()) {
    const { spans, processes } = objectOf(trace) ?? {};
    const path = outer?.data === undefined ? "" : `data[${at}].`;
    if (!Array.isArray(spans)) throw new DecodeError(`${path}spans: expected a list of Jaeger's spans`);
    const shared = processesOf(processes);
    for (const [index, span] of spans.entries()) readSpan(span, `${path}spans[${index}]`, shared, refusals, placed);
  }
  return toTracesData(placed);
}

type Process = ReturnType<typeof fromJaegerProcess>;

function processesOf(json: unknown): ReadonlyMap<string, Process> {
  return new Map(
    Object.entries(objectOf(json) ?? {}).map(([id, process]) => [id, fromJaegerProcess(processOf(process))]),
  );
}

function processOf(json: unknown): JaegerProcess {
  const { serviceName, tags } = objectOf(json) ?? {};
  return { serviceName: textOf(serviceName), tags: tagsOf(tags) };
}

function readSpan(
  json: unknown,
  path: string,
  shared: ReadonlyMap<string, Process>,
  refusals: Refusals,
  out: PlacedSpan[],
): void {
  const span = objectOf(json);
  if (span === undefined) {
    refusals.refuse(REFUSED.unreadable, () => `${path}: expected an object`);
    return;
  }
  const traceId = idOf(span.traceID, 32);
  const spanId = idOf(span.spanID, 16);
  const start = microsOf(span.startTime);
  const found = (name: string) => JSON.stringify(span[name])?.slice(0, 60) ?? "none";
  if (traceId === undefined) {
    refusals.refuse(
      REFUSED.traceNoHex,
      () => `${path}.traceID: expected 1 to 32 hex digits, found ${found("traceID")}`,
    );
  } else if (spanId === undefined) {
    refusals.refuse(REFUSED.spanNoHex, () => `${path}.spanID: expected 1 to 16 hex digits, found ${found("spanID")}`);
  } else if (start === undefined) {
    refusals.refuse(REFUSED.time, () => `${path}.startTime: expected µs since 1970, found ${found("startTime")}`);
  } else {
    const process =
      shared.get(textOf(span.processID)) ??
      fromJaegerProcess(span.process === undefined ? NO_PROCESS : processOf(span.process));
    out.push({ ...fromJaegerSpan(jaegerSpan(span, traceId, spanId, start)), ...process });
  }
}

function jaegerSpan(span: Json, traceId: string, spanId: string, start: bigint): JaegerSpan {
  const parent = idOf(span.parentSpanID, 16);
  const references = listOf(span.references).flatMap(referenceOf);
  return {
    traceId,
    spanId,
    operationName: textOf(span.operationName),
    references:
      parent === undefined || references.length > 0 ? references : [{ type: "child_of", traceId, spanId: parent }],
    flags: Number(span.flags ?? 0) >>> 0,
    startTimeUnixNano: start * NANOS_PER_MICRO,
    durationNano: (microsOf(span.duration) ?? 0n) * NANOS_PER_MICRO,
    tags: tagsOf(span.tags),
    logs: listOf(span.logs).map(logOf),
  };
}

function referenceOf(json: unknown): JaegerReference[] {
  const { refType, traceID, spanID } = objectOf(json) ?? {};
  const traceId = idOf(traceID, 32);
  const spanId = idOf(spanID, 16);
  if (traceId === undefined || spanId === undefined) return [];
  return [{ type: refType === "FOLLOWS_FROM" ? "follows_from" : "child_of", traceId, spanId }];
}

function logOf(json: unknown): JaegerLog {
  const { timestamp, fields } = objectOf(json) ?? {};
  return { timeUnixNano: (microsOf(timestamp) ?? 0n) * NANOS_PER_MICRO, fields: tagsOf(fields) };
}

function tagsOf(json: unknown): JaegerTag[] {
  return listOf(json).map((tag) => {
    const { key, type, value } = objectOf(tag) ?? {};
    return { key: textOf(key), value: tagValue(textOf(type).toLowerCase(), value) };
  });
}

/** Integers beyond 2^53 are texts, as are doubles that JSON lacks, and bytes are base64. */
function tagValue(type: string, value: unknown): JaegerValue {
  if (typeof value === "boolean") return { type: "bool", value };
  if (type === "int64" || type === "long") {
    const int = typeof value === "number" && !Number.isInteger(value) ? undefined : intFromText(String(value));
    if (int !== undefined) return int as JaegerValue;
  }
  if (type === "float64" || type === "double") return { type: "double", value: Number(value) };
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? { type: "int", value: BigInt(value) } : { type: "double", value };
  }
  if (type === "binary") return { type: "bytes", value: new Uint8Array(Buffer.from(textOf(value), "base64")) };
  if (type === "bool") return { type: "bool", value: value === "true" };
  return { type: "string", value: typeof value === "string" ? value : (JSON.stringify(value) ?? "") };
}

/** Lower-case hex at full length; undefined for none, and for zeros. */
function idOf(value: unknown, digits: 16 | 32): string | undefined {
  if (typeof value !== "string" || !/^[0-9a-f]+$/i.test(value) || value.length > digits) return undefined;
  return /^0+$/.test(value) ? undefined : value.toLowerCase().padStart(digits, "0");
}

/** Whole µs; a fraction of one is cut off. */
function microsOf(value: unknown): bigint | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number !== "number" || !(number >= 0) || number > Number.MAX_SAFE_INTEGER) return undefined;
  return BigInt(Math.trunc(number));
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
