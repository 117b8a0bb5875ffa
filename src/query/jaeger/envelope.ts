import type { ErrorCode } from "../../component/errors.ts";
import type { ViewResult } from "../../component/read.ts";
import { JsonWriter } from "../json-writer.ts";

/** One entry of `errors` in Jaeger's envelope. */
export interface JaegerError {
  readonly code?: number;
  readonly msg: string;
  readonly traceID?: string;
}

/** Begins the envelope: what is written next is the JSON of `data`, then comes `finishJaegerResult`. */
export function beginJaegerResult(): JsonWriter {
  const writer = new JsonWriter();
  writer.raw('{"data":');
  return writer;
}

/** Ends the envelope `{data, total, limit, offset, errors}` of an answer with status 200. */
export function finishJaegerResult(writer: JsonWriter, total: number, errors: readonly JaegerError[] = []): ViewResult {
  const list = errors.length === 0 ? "null" : JSON.stringify(errors);
  writer.raw(`,"total":${total},"limit":0,"offset":0,"errors":${list}}`);
  return { status: 200, contentType: "application/json", body: writer.finish() };
}

/** The answer whose data is one small value. */
export function jaegerResult(total: number, data: unknown): ViewResult {
  const writer = beginJaegerResult();
  writer.value(data);
  return finishJaegerResult(writer, total);
}

/** The envelope of an answer that failed as a whole. */
export function jaegerErrorBody(status: number, _code: ErrorCode, message: string): string {
  return JSON.stringify({ data: null, total: 0, limit: 0, offset: 0, errors: [{ code: status, msg: message }] });
}
