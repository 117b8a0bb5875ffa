import { DecodeError } from "../decode-error.ts";
import { ByteReader } from "./byte-reader.ts";
import { THRIFT_TYPE, type ThriftField, type ThriftReader, type ThriftType } from "./protocol.ts";

const BOOL_TRUE = 1;

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

function fromCompact(code: number, offset: number): ThriftType {
  const type = FROM_COMPACT[code];
  if (type === undefined) throw new DecodeError(`Thrift compact type ${code} is unknown`, offset);
  return type;
}

/** Fewest bytes of a value: 8 for a double, 1 for all others. */
function smallest(type: ThriftType): number {
  return type === THRIFT_TYPE.double ? 8 : 1;
}

/** Reads Thrift's compact protocol: varints, zigzag, field ids as deltas, doubles little-endian. */
export class CompactReader implements ThriftReader {
  readonly #in: ByteReader;
  readonly #outer: number[] = [];
  #lastId = 0;
  /** Value of the bool field whose header was just read. */
  #bool: boolean | undefined;

  /** @param at where the value begins that is read */
  constructor(bytes: Uint8Array, at = 0) {
    this.#in = new ByteReader(bytes, at);
  }

  get offset(): number {
    return this.#in.offset;
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

  hex64(): string {
    return BigInt.asUintN(64, this.i64()).toString(16).padStart(16, "0");
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

  skipBinary(): void {
    this.#in.take(this.#varint());
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
