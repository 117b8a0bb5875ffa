import type { ErrorCode } from "../../component/errors.ts";
import type { ViewResult } from "../../component/read.ts";
import type { Gaps } from "../gaps.ts";
import { JsonWriter } from "../json-writer.ts";

export const JSON_TYPE = "application/json";

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
export function finishJaegerResult(
  writer: JsonWriter,
  total: number,
  errors: readonly JaegerError[] = [],
  gaps?: Gaps,
): ViewResult {
  const body = finishEnvelope(writer, total, errors, gaps);
  return { status: 200, contentType: JSON_TYPE, body, ...gaps?.mark };
}

/** The last bytes of an envelope, with what the writer still has. */
export function finishEnvelope(
  writer: JsonWriter,
  total: number,
  errors: readonly JaegerError[] = [],
  gaps?: Gaps,
): Uint8Array<ArrayBuffer> {
  const all = gaps?.reason === undefined ? errors : [...errors, { msg: `partial: ${gaps.reason}` }];
  const list = all.length === 0 ? "null" : JSON.stringify(all);
  writer.raw(`,"total":${total},"limit":0,"offset":0,"errors":${list}}`);
  return writer.finish();
}

/** The answer whose data is one small value. */
export function jaegerResult(total: number, data: unknown, gaps?: Gaps): ViewResult {
  const writer = beginJaegerResult();
  writer.value(data);
  return finishJaegerResult(writer, total, [], gaps);
}

/** The envelope of an answer that failed as a whole. */
export function jaegerErrorBody(status: number, _code: ErrorCode, message: string): string {
  return JSON.stringify({ data: null, total: 0, limit: 0, offset: 0, errors: [{ code: status, msg: message }] });
}
