import type { MetricSeries, MetricsQuery, MetricsResult } from "../../model/metrics-query.ts";
import type { MetricsStage } from "../../model/traceql.ts";
import { printField } from "../../traceql/print-field.ts";
import { JsonWriter } from "../json-writer.ts";
import { type AnswerPieces, PIECE_BYTES } from "../pieced-answer.ts";
import { attributeJson } from "./field-values.ts";
import { jobsJson } from "./search-json.ts";

const NANOS_PER_MS = 1_000_000n;

/**
 * `QueryRangeResponse` of tempo.proto, or with `instant` `QueryInstantResponse`. Steps without a value are left out,
 * and so are series without any.
 */
export async function* metricsPieces({ stage }: MetricsQuery, result: MetricsResult, instant: boolean): AnswerPieces {
  const w = new JsonWriter();
  let separator = '{"series":[';
  for (const series of result.series) {
    if (series.values.every(Number.isNaN)) continue;
    w.raw(`${separator}{"labels":[${labels(stage, series).join(",")}],`);
    separator = ",";
    if (instant) w.raw(`"value":${number(series.values.find((value) => !Number.isNaN(value)) as number)}}`);
    else {
      samples(w, result, series.values);
      w.raw("}");
    }
    if (w.length >= PIECE_BYTES) yield w.finish();
  }
  w.raw(separator === "," ? "]," : "{");
  w.raw(`"metrics":${jobsJson(result.complete)}`);
  if (!result.complete) w.raw(`,"status":"PARTIAL","message":${JSON.stringify(partialText(result))}`);
  w.raw("}");
  return w.finish();
}

export function partialText({ reason }: MetricsResult): string {
  return `the values may be too small: ${reason ?? "the query ended early"}`;
}

function samples(w: JsonWriter, { start, step }: MetricsResult, values: Float64Array): void {
  let separator = '"samples":[';
  for (const [index, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    const at = (start + BigInt(index) * step) / NANOS_PER_MS;
    w.raw(`${separator}{"timestampMs":"${at}","value":${number(value)}}`);
    separator = ",";
  }
  w.raw("]");
}

/** Fields without a value have no label, but where no field has one the first says so. */
function labels({ by, function: { name } }: MetricsStage, { by: values, quantile, bucket }: MetricSeries): string[] {
  const named = by.flatMap((field, index) => {
    const value = values[index];
    return value === undefined ? [] : [attributeJson(printField(field), field, value)];
  });
  if (bucket !== undefined) named.push(attributeJson("__bucket", undefined, { type: "double", value: bucket }));
  if (quantile !== undefined) named.push(attributeJson("p", undefined, { type: "double", value: quantile }));
  if (named.length > 0) return named;
  const [first] = by;
  const [key, value] = first === undefined ? ["__name__", name] : [printField(first), "nil"];
  return [attributeJson(key, undefined, { type: "string", value })];
}

/** JSON has no infinities; protobuf's has them as texts. */
function number(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}
