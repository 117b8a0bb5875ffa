/**
 * Just enough of the protobuf wire format (protobuf.dev/programming-guides/encoding) for the small answers that
 * listeners give: status, partial success, health. Span data never passes through here.
 */
export class WireWriter {
  readonly #bytes: number[] = [];

  /** An int32, int64 or enum field; left out when 0. Negative values take ten bytes, as the standard says. */
  varint(field: number, value: number): this {
    if (value === 0) return this;
    this.#raw(field * 8);
    this.#raw64(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  /** A string field; left out when empty. */
  string(field: number, value: string): this {
    return value === "" ? this : this.message(field, new TextEncoder().encode(value));
  }

  /** A bytes or message field, also when empty. */
  message(field: number, value: Uint8Array): this {
    this.#raw(field * 8 + 2);
    this.#raw(value.length);
    for (const byte of value) this.#bytes.push(byte);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }

  #raw(value: number): void {
    this.#raw64(BigInt(value));
  }

  #raw64(value: bigint): void {
    let rest = value;
    while (rest > 127n) {
      this.#bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.#bytes.push(Number(rest));
  }
}

export type WireField =
  | { readonly field: number; readonly type: "varint"; readonly value: bigint }
  | { readonly field: number; readonly type: "bytes"; readonly value: Uint8Array };

/**
 * The varint and length-delimited fields of a message in order; fixed ones are passed over.
 * @throws RangeError for bytes that are no message.
 */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new RangeError(`no varint ends before byte ${at}`);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = Math.floor(tag / 8);
    const type = tag & 7;
    if (field === 0) throw new RangeError(`field number 0 before byte ${at}`);
    if (type === 0) {
      fields.push({ field, type: "varint", value: varint() });
      continue;
    }
    if (type !== 1 && type !== 2 && type !== 5) throw new RangeError(`wire type ${type} before byte ${at}`);
    const length = type === 2 ? Number(varint()) : type === 1 ? 8 : 4;
    if (length > bytes.length - at) throw new RangeError(`field ${field} ends after byte ${bytes.length}`);
    if (type === 2) fields.push({ field, type: "bytes", value: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

/** An int32 or int64 as a number. */
export function signedNumber(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}
