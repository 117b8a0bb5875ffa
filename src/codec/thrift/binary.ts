import { passBinary, SMALLEST } from "./binary-pass.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import {
  THRIFT_TYPE,
  type ThriftField,
  type ThriftReader,
  type ThriftType,
  type ThriftWriter,
  thriftType,
} from "./protocol.ts";

/** Thrift's binary protocol (Apache Thrift, "Thrift Binary protocol encoding"): big-endian. */
export class BinaryWriter implements ThriftWriter {
  readonly #out = new ByteWriter();

  structBegin(): void {}

  structEnd(): void {
    this.#out.byte(THRIFT_TYPE.stop);
  }

  fieldBegin(type: ThriftType, id: number): void {
    const at = this.#out.take(3);
    this.#out.buffer[at] = type;
    this.#out.buffer.writeInt16BE(id, at + 1);
  }

  boolField(id: number, value: boolean): void {
    this.fieldBegin(THRIFT_TYPE.bool, id);
    this.#out.byte(value ? 1 : 0);
  }

  listBegin(elementType: ThriftType, size: number): void {
    this.#out.byte(elementType);
    this.i32(size);
  }

  i32(value: number): void {
    const at = this.#out.take(4);
    this.#out.buffer.writeInt32BE(value | 0, at);
  }

  i64(value: bigint): void {
    const at = this.#out.take(8);
    this.#out.buffer.writeBigInt64BE(BigInt.asIntN(64, value), at);
  }

  double(value: number): void {
    const at = this.#out.take(8);
    this.#out.buffer.writeDoubleBE(value, at);
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.i32(length);
    const at = this.#out.take(length);
    this.#out.buffer.write(value, at, length, "utf8");
  }

  binary(value: Uint8Array): void {
    this.i32(value.length);
    this.#out.append(value);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#out.finish();
  }
}

/** Reads Thrift's binary protocol. */
export class BinaryReader implements ThriftReader {
  readonly #in: ByteReader;

  /** @param at where the value begins that is read */
  constructor(bytes: Uint8Array, at = 0) {
    this.#in = new ByteReader(bytes, at);
  }

  get offset(): number {
    return this.#in.offset;
  }

  /** Goes on at an offset at which a value begins. */
  moveTo(offset: number): void {
    this.#in.offset = offset;
  }

  pass(type: ThriftType): void {
    this.#in.offset = passBinary(this.#in.buffer, this.#in.offset, type, this.#in.depth);
  }

  structBegin(): void {
    this.#in.enter();
  }

  structEnd(): void {
    this.#in.leave();
  }

  field(): ThriftField | undefined {
    const code = this.#in.byte();
    if (code === THRIFT_TYPE.stop) return undefined;
    return { type: thriftType(code, this.offset - 1), id: this.i16() };
  }

  listBegin(): { elementType: ThriftType; size: number } {
    const code = this.#in.byte();
    const size = this.i32();
    // Some writers give an empty list the element type 0.
    const elementType = size === 0 && code === THRIFT_TYPE.stop ? THRIFT_TYPE.byte : thriftType(code, this.offset - 5);
    this.#in.checkSize(size, SMALLEST[elementType]);
    this.#in.enter();
    return { elementType, size };
  }

  mapBegin(): { keyType: ThriftType; valueType: ThriftType; size: number } {
    const keyCode = this.#in.byte();
    const valueCode = this.#in.byte();
    const size = this.i32();
    const empty = size === 0;
    const keyType = empty ? THRIFT_TYPE.byte : thriftType(keyCode, this.offset - 6);
    const valueType = empty ? THRIFT_TYPE.byte : thriftType(valueCode, this.offset - 5);
    this.#in.checkSize(size, SMALLEST[keyType] + SMALLEST[valueType]);
    this.#in.enter();
    return { keyType, valueType, size };
  }

  containerEnd(): void {
    this.#in.leave();
  }

  bool(): boolean {
    return this.#in.byte() !== 0;
  }

  byte(): number {
    return (this.#in.byte() << 24) >> 24;
  }

  i16(): number {
    const at = this.#in.take(2);
    return this.#in.buffer.readInt16BE(at);
  }

  i32(): number {
    const at = this.#in.take(4);
    return this.#in.buffer.readInt32BE(at);
  }

  i64(): bigint {
    const at = this.#in.take(8);
    return this.#in.buffer.readBigInt64BE(at);
  }

  hex64(): string {
    const at = this.#in.take(8);
    return this.#in.buffer.toString("hex", at, at + 8);
  }

  double(): number {
    const at = this.#in.take(8);
    return this.#in.buffer.readDoubleBE(at);
  }

  string(): string {
    return this.#in.string(this.i32());
  }

  binary(): Uint8Array<ArrayBuffer> {
    return this.#in.copy(this.i32());
  }

  skipBinary(): void {
    this.#in.take(this.i32());
  }
}
