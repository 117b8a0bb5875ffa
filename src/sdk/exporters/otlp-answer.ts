import type { PartialSuccess } from "../../codec/otlp/message/export-response-json.ts";
import { ByteReader, WIRE } from "../../codec/otlp/wire/wire.ts";
import { utf8Text } from "../../codec/utf8.ts";

/**
 * What an exporter reads of a collector's answer. By hand, since the SDK brings no protobuf library into the programs
 * it is used in; the definitions are in proto/.
 */
type Field =
  | { readonly number: number; readonly value: number }
  | { readonly number: number; readonly value: Uint8Array };

/**
 * `partial_success` of an ExportTraceServiceResponse; undefined where it is unset.
 * @throws DecodeError for bytes that are no message
 */
export function readPartialSuccess(answer: Uint8Array): PartialSuccess | undefined {
  const partial = messageAt(answer, 1);
  if (partial === undefined) return undefined;
  return { rejectedSpans: integerAt(partial, 1), errorMessage: textAt(partial, 2) };
}

/**
 * How long a collector asks to wait, ms, rounded up, by the value of its trailer `grpc-status-details-bin`: a
 * google.rpc.Status with RetryInfo among its details. Undefined where it asks for nothing or the value is no Status.
 */
export function readRetryDelay(trailer: unknown): number | undefined {
  if (!(trailer instanceof Uint8Array)) return undefined;
  try {
    for (const { number, value } of fieldsOf(trailer)) {
      if (number !== 3 || typeof value === "number" || !/(^|\/)google\.rpc\.RetryInfo$/.test(textAt(value, 1)))
        continue;
      const info = messageAt(value, 2);
      const delay = info && messageAt(info, 1);
      if (delay === undefined) return 0;
      return Math.max(0, integerAt(delay, 1) * 1_000 + Math.ceil(integerAt(delay, 2) / 1e6));
    }
  } catch {
    // Details that cannot be read ask for nothing; the status itself has been understood.
  }
  return undefined;
}

/** The varint and length-delimited fields of a message in order; fixed ones are passed over. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  const reader = new ByteReader(bytes);
  while (reader.at < reader.end) {
    const tag = reader.tag();
    const number = tag >>> 3;
    const type = tag & 7;
    if (number !== 0 && type === WIRE.varint) fields.push({ number, value: Number(reader.int64()) });
    else if (number !== 0 && type === WIRE.bytes) {
      const length = reader.length();
      fields.push({ number, value: bytes.subarray(reader.at, reader.at + length) });
      reader.at += length;
    } else reader.skip(tag, 0);
  }
  return fields;
}

function messageAt(bytes: Uint8Array, wanted: number): Uint8Array | undefined {
  const found = fieldsOf(bytes).findLast(({ number, value }) => number === wanted && typeof value !== "number");
  return found?.value as Uint8Array | undefined;
}

function textAt(bytes: Uint8Array, wanted: number): string {
  const text = messageAt(bytes, wanted);
  return text === undefined ? "" : utf8Text(text, 0, text.length);
}

function integerAt(bytes: Uint8Array, wanted: number): number {
  const found = fieldsOf(bytes).findLast(({ number, value }) => number === wanted && typeof value === "number");
  return (found?.value as number | undefined) ?? 0;
}
