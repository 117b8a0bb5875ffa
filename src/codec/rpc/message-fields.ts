import { ByteReader, WIRE } from "../otlp/wire.ts";
import { WireWriter } from "../otlp/wire-writer.ts";

/**
 * Writes the small messages that answers consist of: status, partial success, health. Fields that hold their default are
 * left out, as proto3 asks.
 */
export class FieldWriter {
  readonly #writer = new WireWriter(64);

  /** An int32, int64 or enum field; left out when 0. Negative values take ten bytes, as the standard says. */
  varint(field: number, value: number): this {
    if (value === 0) return this;
    this.#writer.tag((field << 3) | WIRE.varint);
    this.#writer.int64(BigInt(value));
    return this;
  }

  /** A string field; left out when empty. */
  string(field: number, value: string): this {
    if (value !== "") this.#writer.text((field << 3) | WIRE.bytes, value);
    return this;
  }

  /** A bytes or message field, also when empty. */
  message(field: number, value: Uint8Array): this {
    this.#writer.blob((field << 3) | WIRE.bytes, value);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#writer.finish();
  }
}

export type MessageField =
  /** An int32, int64 or enum; beyond 2^53 the last digits are lost. */
  | { readonly field: number; readonly type: "varint"; readonly value: number }
  | { readonly field: number; readonly type: "bytes"; readonly value: Uint8Array };

/**
 * The varint and length-delimited fields of a message in order; fixed ones are passed over.
 * @throws DecodeError for bytes that are no message
 */
export function readFields(bytes: Uint8Array): MessageField[] {
  const fields: MessageField[] = [];
  const reader = new ByteReader(bytes);
  while (reader.at < reader.end) {
    const tag = reader.tag();
    const field = tag >>> 3;
    const type = tag & 7;
    if (field !== 0 && type === WIRE.varint) fields.push({ field, type: "varint", value: Number(reader.int64()) });
    else if (field !== 0 && type === WIRE.bytes) {
      const length = reader.length();
      fields.push({ field, type: "bytes", value: bytes.subarray(reader.at, reader.at + length) });
      reader.at += length;
    } else reader.skip(tag, 0);
  }
  return fields;
}
