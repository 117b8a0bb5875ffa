import { ByteWriter } from "../../src/codec/thrift/byte-writer.ts";
import { THRIFT_TYPE, type ThriftType, type ThriftWriter } from "../../src/codec/thrift/protocol.ts";

const BOOL_TRUE = 1;
const BOOL_FALSE = 2;
/** ThriftType → compact type code, from "Thrift Compact protocol encoding" of Apache Thrift. */
const COMPACT: ReadonlyMap<ThriftType, number> = new Map([
  [THRIFT_TYPE.bool, BOOL_TRUE],
  [THRIFT_TYPE.byte, 3],
  [THRIFT_TYPE.i16, 4],
  [THRIFT_TYPE.i32, 5],
  [THRIFT_TYPE.i64, 6],
  [THRIFT_TYPE.double, 7],
  [THRIFT_TYPE.string, 8],
  [THRIFT_TYPE.list, 9],
  [THRIFT_TYPE.set, 10],
  [THRIFT_TYPE.map, 11],
  [THRIFT_TYPE.struct, 12],
]);

function toCompact(type: ThriftType): number {
  return COMPACT.get(type) as number;
}

/** Thrift's compact protocol: varints, zigzag, field ids as deltas, doubles little-endian. */
export class CompactWriter implements ThriftWriter {
  readonly #out = new ByteWriter();
  readonly #outer: number[] = [];
  #lastId = 0;

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
