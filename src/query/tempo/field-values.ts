import { anyValueToJson } from "../../codec/otlp/json/json-out.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import type { FieldValue } from "../../model/trace-query.ts";
import type { TraceqlField } from "../../model/traceql.ts";
import { INTRINSIC_TYPES, STATUS_WORDS } from "../../traceql/names.ts";

const GO_UNITS = [
  [1_000_000n, "ms"],
  [1_000n, "µs"],
  [1n, "ns"],
] as const;
const SECOND = 1_000_000_000n;

/** A `KeyValue` of Tempo's JSON. */
export function attributeJson(key: string, field: TraceqlField | undefined, value: FieldValue): string {
  return `{"key":${JSON.stringify(key)},"value":${fieldValueJson(field, value)}}`;
}

/** As Tempo tells a value of a field: an AnyValue, where status, kind and durations are texts. */
function fieldValueJson(field: TraceqlField | undefined, value: FieldValue): string {
  if (value.type === "status") return anyValueToJson({ type: "string", value: STATUS_WORDS[value.value] });
  if (value.type === "kind") return anyValueToJson({ type: "string", value: SPAN_KIND_NAMES[value.value] });
  if ((value.type === "int" || value.type === "double") && isDuration(field)) {
    const nanos = value.type === "int" ? value.value : BigInt(Math.round(value.value));
    return anyValueToJson({ type: "string", value: goDuration(nanos) });
  }
  return anyValueToJson(value);
}

export function isDuration(field: TraceqlField | undefined): boolean {
  return field !== undefined && "intrinsic" in field && INTRINSIC_TYPES[field.intrinsic] === "duration";
}

/** ns as Go's time.Duration prints them: `1.5s`, `2m0s`, `300ms`, `0s`. */
export function goDuration(nanos: bigint): string {
  if (nanos < 0n) return `-${goDuration(-nanos)}`;
  if (nanos === 0n) return "0s";
  const small = nanos < SECOND ? GO_UNITS.find(([size]) => nanos >= size) : undefined;
  if (small !== undefined) return `${decimal(nanos, small[0])}${small[1]}`;
  const minutes = nanos / (60n * SECOND);
  const seconds = `${decimal(nanos % (60n * SECOND), SECOND)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, unit: bigint): string {
  const rest = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, "0")
    .replace(/0+$/, "");
  return rest === "" ? `${value / unit}` : `${value / unit}.${rest}`;
}
