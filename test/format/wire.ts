/** Protobuf by hand, apart from what is tested: bodies are written and taken apart with nothing of the collector's. */

export type Bytes = Uint8Array<ArrayBuffer>;

export function concat(...parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(Buffer.concat(parts));
}

/** An unsigned varint; `size` asks for more bytes than it needs. */
export function varint(value: number | bigint, size = 1): Bytes {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); rest > 0n || bytes.length < size; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
  bytes.push((bytes.pop() as number) & 0x7f);
  return Uint8Array.from(bytes);
}

/** A length-delimited field; `lengthSize` as in `varint`. */
export function message(field: number, payload: Uint8Array | string, lengthSize = 1): Bytes {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "utf8") : payload;
  return concat(varint(field * 8 + 2), varint(bytes.length, lengthSize), bytes);
}

export function number(field: number, value: number | bigint, size = 1): Bytes {
  return concat(varint(field * 8), varint(value, size));
}

export function fixed64(field: number, value: bigint): Bytes {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return concat(varint(field * 8 + 1), bytes);
}

export function double(field: number, value: number): Bytes {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return concat(varint(field * 8 + 1), bytes);
}

export function fixed32(field: number, value: number): Bytes {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return concat(varint(field * 8 + 5), bytes);
}

/** What belongs to one span of a request, as hex. */
export interface SentSpan {
  readonly span: string;
  /** Fields of its ResourceSpans that are no ScopeSpans. */
  readonly resource: string;
  /** Fields of its ScopeSpans that are no spans. */
  readonly scope: string;
}

/** The spans of a TracesData message. */
export function spansOf(body: Uint8Array): SentSpan[] {
  return fieldsOf(body).flatMap((resourceSpans) => {
    if (resourceSpans.field !== 1) return [];
    const inner = fieldsOf(resourceSpans.payload);
    return inner.flatMap((scopeSpans) => {
      if (scopeSpans.field !== 2) return [];
      const parts = fieldsOf(scopeSpans.payload);
      const around = { resource: withoutTwo(inner), scope: withoutTwo(parts) };
      return parts.flatMap(({ field, payload }) => (field === 2 ? { span: hex(payload), ...around } : []));
    });
  });
}

interface Field {
  readonly field: number;
  readonly whole: Uint8Array;
  readonly payload: Uint8Array;
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const next = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const tag = Number(next());
    let from = at;
    if (tag % 8 === 0) next();
    else if (tag % 8 === 2) {
      const length = Number(next());
      from = at;
      at += length;
    } else at += tag % 8 === 1 ? 8 : 4;
    fields.push({ field: tag >>> 3, whole: bytes.subarray(start, at), payload: bytes.subarray(from, at) });
  }
  return fields;
}

function withoutTwo(fields: readonly Field[]): string {
  return hex(concat(...fields.filter(({ field }) => field !== 2).map(({ whole }) => whole)));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
