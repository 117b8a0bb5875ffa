import { DecodeError } from "../decode-error.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { THRIFT_TYPE, type ThriftField, type ThriftReader, type ThriftType, type ThriftWriter } from "./protocol.ts";

const PROTOCOL_ID = 0x82;
const VERSION = 1;
const BOOL_TRUE = 1;
const BOOL_FALSE = 2;

/** Compact type code → ThriftType, from "Thrift Compact protocol encoding" of Apache Thrift. */
const FROM_COMPACT: readonly (ThriftType | undefined)[] = [
  undefined,
  THRIFT_TYPE.bool,
  THRIFT_TYPE.bool,
  THRIFT_TYPE.byte,
  THRIFT_TYPE.i16,
  THRIFT_TYPE.i32,
  THRIFT_TYPE.i64,
  THRIFT_TYPE.double,
  THRIFT_TYPE.string,
  THRIFT_TYPE.list,
  THRIFT_TYPE.set,
  THRIFT_TYPE.map,
  THRIFT_TYPE.struct,
];

function toCompact(type: ThriftType): number {
  return type === THRIFT_TYPE.bool ? BOOL_TRUE : FROM_COMPACT.indexOf(type);
}

function fromCompact(code: number, offset: number): ThriftType {
  const type = FROM_COMPACT[code];
  if (type === undefined) throw new DecodeError(`Thrift compact type ${code} is unknown`, offset);
  return type;
}

/** Fewest bytes of a value: 8 for a double, 1 for all others. */
function smallest(type: ThriftType): number {
  return type === THRIFT_TYPE.double ? 8 : 1;
}

/** Thrift's compact protocol: varints, zigzag, field ids as deltas, doubles little-endian. */
export class CompactWriter implements ThriftWriter {
  readonly #out = new ByteWriter();
  readonly #outer: number[] = [];
  #lastId = 0;

  messageBegin(name: string, type: number, sequence: number): void {
    this.#out.byte(PROTOCOL_ID);
    this.#out.byte((type << 5) | VERSION);
    this.#varint(sequence);
    this.string(name);
  }

  structBegin(): void {
    this.#outer.push(this.#lastId);
    this.#lastId = 0;
  }

  structEnd(): void {
    this.#out.byte(THRIFT_TYPE.stop);
    this.#lastId = this.#outer.pop() ?? 0;
  }

  fieldBegin(type: ThriftType, id: number): void {
    this.#header(toCompact(type), id);
  }

  boolField(id: number, value: boolean): void {
    this.#header(value ? BOOL_TRUE : BOOL_FALSE, id);
  }

  listBegin(elementType: ThriftType, size: number): void {
    if (size < 15) {
      this.#out.byte((size << 4) | toCompact(elementType));
      return;
    }
    this.#out.byte(0xf0 | toCompact(elementType));
    this.#varint(size);
  }

  i32(value: number): void {
    this.#varint((value << 1) ^ (value >> 31));
  }

  i64(value: bigint): void {
    const signed = BigInt.asIntN(64, value);
    const zigzag = BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n));
    let low = Number(zigzag & 0xffffffffn);
    let high = Number(zigzag >> 32n);
    while (high !== 0 || low > 0x7f) {
      this.#out.byte((low & 0x7f) | 0x80);
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#out.byte(low);
  }

  double(value: number): void {
    const at = this.#out.take(8);
    this.#out.buffer.writeDoubleLE(value, at);
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.#varint(length);
    const at = this.#out.take(length);
    this.#out.buffer.write(value, at, length, "utf8");
  }

  binary(value: Uint8Array): void {
    this.#varint(value.length);
    this.#out.append(value);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#out.finish();
  }

  #header(type: number, id: number): void {
    const delta = id - this.#lastId;
    this.#lastId = id;
    if (delta > 0 && delta < 16) {
      this.#out.byte((delta << 4) | type);
      return;
    }
    this.#out.byte(type);
    this.i32(id);
  }

  #varint(value: number): void {
    let left = value >>> 0;
    while (left > 0x7f) {
      this.#out.byte((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    this.#out.byte(left);
  }
}

/** Reads Thrift's compact protocol. */
export class CompactReader implements ThriftReader {
  readonly #in: ByteReader;
  readonly #outer: number[] = [];
  #lastId = 0;
  /** Value of the bool field whose header was just read. */
  #bool: boolean | undefined;

  constructor(bytes: Uint8Array) {
    this.#in = new ByteReader(bytes);
  }

  get offset(): number {
    return this.#in.offset;
  }

  messageBegin(): { name: string; type: number; sequence: number } {
    const id = this.#in.byte();
    const second = this.#in.byte();
    if (id !== PROTOCOL_ID || (second & 0x1f) !== VERSION) {
      throw new DecodeError(
        `Thrift compact header 0x${id.toString(16)} version ${second & 0x1f}, expected 0x82 version 1`,
        0,
      );
    }
    const sequence = this.#varint();
    return { name: this.string(), type: second >>> 5, sequence };
  }

  structBegin(): void {
    this.#in.enter();
    this.#outer.push(this.#lastId);
    this.#lastId = 0;
  }

  structEnd(): void {
    this.#in.leave();
    this.#lastId = this.#outer.pop() ?? 0;
  }

  field(): ThriftField | undefined {
    const head = this.#in.byte();
    const code = head & 0x0f;
    if (code === THRIFT_TYPE.stop) return undefined;
    const delta = head >>> 4;
    this.#lastId = delta === 0 ? this.i16() : this.#lastId + delta;
    const type = fromCompact(code, this.offset - 1);
    this.#bool = type === THRIFT_TYPE.bool ? code === BOOL_TRUE : undefined;
    return { type, id: this.#lastId };
  }

  listBegin(): { elementType: ThriftType; size: number } {
    const head = this.#in.byte();
    const size = head >>> 4 === 15 ? this.#varint() : head >>> 4;
    const elementType = size === 0 ? THRIFT_TYPE.byte : fromCompact(head & 0x0f, this.offset - 1);
    this.#in.checkSize(size, smallest(elementType));
    this.#in.enter();
    return { elementType: elementType, size };
  }

  mapBegin(): { keyType: ThriftType; valueType: ThriftType; size: number } {
    const size = this.#varint();
    const types = size === 0 ? 0x33 : this.#in.byte();
    const keyType = fromCompact(types >>> 4, this.offset - 1);
    const valueType = fromCompact(types & 0x0f, this.offset - 1);
    this.#in.checkSize(size, smallest(keyType) + smallest(valueType));
    this.#in.enter();
    return { keyType, valueType, size };
  }

  containerEnd(): void {
    this.#in.leave();
  }

  bool(): boolean {
    const value = this.#bool ?? this.#in.byte() === BOOL_TRUE;
    this.#bool = undefined;
    return value;
  }

  byte(): number {
    return (this.#in.byte() << 24) >> 24;
  }

  i16(): number {
    return (this.i32() << 16) >> 16;
  }

  i32(): number {
    const value = this.#varint();
    return (value >>> 1) ^ -(value & 1);
  }

  i64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#in.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const zigzag = BigInt.asUintN(64, value);
        return BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n));
      }
    }
    throw new DecodeError("Thrift varint is longer than 10 bytes", this.offset);
  }

  double(): number {
    const at = this.#in.take(8);
    return this.#in.buffer.readDoubleLE(at);
  }

  string(): string {
    return this.#in.string(this.#varint());
  }

  binary(): Uint8Array<ArrayBuffer> {
    return this.#in.copy(this.#varint());
  }

  /** An unsigned 32-bit varint. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#in.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new DecodeError("Thrift varint is longer than 5 bytes", this.offset);
  }
}
