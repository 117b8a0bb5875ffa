import { DecodeError } from "../../decode-error.ts";
import { LenientCursor } from "../wire/lenient-cursor.ts";

/** Top-level fields of the requests of other signals, by name. */
export const OTHER_SIGNALS: ReadonlyMap<string, string> = new Map([
  ["resourceLogs", "logs"],
  ["resource_logs", "logs"],
  ["resourceMetrics", "metrics"],
  ["resource_metrics", "metrics"],
  ["resourceProfiles", "profiles"],
  ["resource_profiles", "profiles"],
]);

/** A request of another signal, sent to where traces are taken. */
export class OtherSignalError extends DecodeError {
  readonly signal: string;

  constructor(signal: string) {
    super(`this looks like OTLP ${signal}; here traces are taken, and ${signal} go to the path /v1/${signal}`);
    this.signal = signal;
  }
}

/** How many records are looked at, in how many groups, and how many fields of each. */
const LOOKED_AT = 20;
const GROUPS = 1_000;
const FIELDS = 200;

/**
 * What a TracesData body of which no span has a start looks like: the requests of all signals have the same shape down
 * to their records, which then have other fields. Undefined where nothing tells.
 */
export function guessSignal(body: Uint8Array): string | undefined {
  const cursor = new LenientCursor(body);
  let left = LOOKED_AT;
  let groups = GROUPS;
  const records = (start: number, end: number, depth: number): string | undefined => {
    let at = start;
    while (left > 0 && groups > 0 && cursor.next(at, end)) {
      at = cursor.end;
      if (cursor.tag !== (depth === 0 ? 0x0a : 0x12)) continue;
      const from = cursor.start;
      if (depth === 2) left--;
      else groups--;
      const found = depth < 2 ? records(from, at, depth + 1) : signalOf(cursor, from, at);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return records(0, body.length, 0);
}

/**
 * LogRecord: time 1 and observed time 11 are fixed64, severity 2 a varint. Metric: name 1 and description 2 are texts,
 * and one of gauge 5, sum 7, histogram 9, exponential histogram 10, summary 11 a message with data points.
 */
function signalOf(cursor: LenientCursor, start: number, end: number): string | undefined {
  let at = start;
  let named = false;
  for (let left = FIELDS; left > 0 && cursor.next(at, end); left--) {
    at = cursor.end;
    switch (cursor.tag) {
      case 0x39:
      case 0x41:
        return undefined;
      case 0x09:
      case 0x59:
      case 0x10:
        return "logs";
      case 0x0a:
        named = isPrintable(cursor.bytes, cursor.start, at);
        break;
      case 0x3a:
      case 0x52:
        return "metrics";
      case 0x2a:
      case 0x4a:
      case 0x5a:
        if (named && hasDataPoint(cursor, cursor.start, at)) return "metrics";
    }
  }
  return undefined;
}

/** Data points are field 1, and have their times, fields 2 and 3, as fixed64. */
function hasDataPoint(cursor: LenientCursor, start: number, end: number): boolean {
  if (!cursor.next(start, end)) return false;
  const { tag } = cursor;
  if (tag !== 0x0a) return false;
  const last = cursor.end;
  let at = cursor.start;
  while (cursor.next(at, last)) {
    at = cursor.end;
    if (cursor.tag === 0x11 || cursor.tag === 0x19) return true;
  }
  return false;
}

function isPrintable(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  return end > start;
}
