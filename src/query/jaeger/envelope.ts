import type { ErrorCode } from "../../component/errors.ts";
import type { ViewResult } from "../../component/read.ts";
import { JsonWriter } from "../json-writer.ts";

/** One entry of `errors` in Jaeger's envelope. */
export interface JaegerError {
  readonly code?: number;
  readonly msg: string;
  readonly traceID?: string;
}

/** `{data, total, limit, offset, errors}` with status 200; `write` puts the JSON of `data`. */
export function jaegerResult(
  total: number,
  write: (writer: JsonWriter) => void,
  errors: readonly JaegerError[] = [],
): ViewResult {
  const writer = new JsonWriter();
  writer.raw('{"data":');
  write(writer);
  writer.raw(
    `,"total":${total},"limit":0,"offset":0,"errors":${errors.length === 0 ? "null" : JSON.stringify(errors)}}`,
  );
  return { status: 200, contentType: "application/json", body: writer.finish() };
}

/** The envelope of an answer that failed as a whole. */
export function jaegerErrorBody(status: number, _code: ErrorCode, message: string): string {
  return JSON.stringify({ data: null, total: 0, limit: 0, offset: 0, errors: [{ code: status, msg: message }] });
}
