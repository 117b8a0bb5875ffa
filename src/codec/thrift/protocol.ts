import { DecodeError } from "../decode-error.ts";

/** Type codes of the Thrift binary protocol; the compact protocol's are translated to these. */
export const THRIFT_TYPE = {
  stop: 0,
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;
export type ThriftType = (typeof THRIFT_TYPE)[keyof typeof THRIFT_TYPE];

/** Deepest nesting of structs and containers that is read. Jaeger's and Zipkin's structs need 6. */
export const MAX_THRIFT_DEPTH = 32;

export interface ThriftField {
  readonly type: ThriftType;
  readonly id: number;
}

/**
 * One writer for both protocols; the exporters write the binary one. Fields must be written in the order of their ids,
 * each struct between structBegin and structEnd. Integers of 64 bits are bigint.
 */
export interface ThriftWriter {
  structBegin(): void;
  structEnd(): void;
  fieldBegin(type: ThriftType, id: number): void;
  /** A whole bool field: the compact protocol keeps the value in the field's header. */
  boolField(id: number, value: boolean): void;
  listBegin(elementType: ThriftType, size: number): void;
  i32(value: number): void;
  i64(value: bigint): void;
  double(value: number): void;
  string(value: string): void;
  binary(value: Uint8Array): void;
  /** All that was written; the writer must not be used afterwards. */
  finish(): Uint8Array<ArrayBuffer>;
}

/** One reader for both protocols. Every method throws DecodeError for input that is cut short or forged. */
export interface ThriftReader {
  structBegin(): void;
  structEnd(): void;
  /** The next field of the struct, or undefined at its end. */
  field(): ThriftField | undefined;
  /** Opens a list or a set; its size is believed only when the bytes that are left could hold it. */
  listBegin(): { readonly elementType: ThriftType; readonly size: number };
  mapBegin(): { readonly keyType: ThriftType; readonly valueType: ThriftType; readonly size: number };
  /** Closes what listBegin or mapBegin opened. */
  containerEnd(): void;
  bool(): boolean;
  byte(): number;
  i16(): number;
  i32(): number;
  i64(): bigint;
  /** An i64 as 16 hex digits: what ids are. */
  hex64(): string;
  double(): number;
  /** UTF-8; invalid sequences become U+FFFD. */
  string(): string;
  /** A copy, so that it does not keep the input alive. */
  binary(): Uint8Array<ArrayBuffer>;
  /** Reads over a string or binary. */
  skipBinary(): void;
  /** Bytes read so far. */
  readonly offset: number;
  /** Reads over a value of any type, where the protocol has a faster way than `skip`'s. */
  pass?(type: ThriftType): void;
}

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(THRIFT_TYPE));

/** `code` as a type of a value (so not `stop`). */
export function thriftType(code: number, offset: number): ThriftType {
  if (code === THRIFT_TYPE.stop || !KNOWN_TYPES.has(code)) {
    throw new DecodeError(`Thrift type ${code} is unknown`, offset);
  }
  return code as ThriftType;
}

/** Reads over a value of any type: what a reader does with a field that it does not know. */
export function skip(reader: ThriftReader, type: ThriftType): void {
  if (reader.pass !== undefined) {
    reader.pass(type);
    return;
  }
  switch (type) {
    case THRIFT_TYPE.bool:
      reader.bool();
      return;
    case THRIFT_TYPE.byte:
      reader.byte();
      return;
    case THRIFT_TYPE.i16:
      reader.i16();
      return;
    case THRIFT_TYPE.i32:
      reader.i32();
      return;
    case THRIFT_TYPE.i64:
      reader.i64();
      return;
    case THRIFT_TYPE.double:
      reader.double();
      return;
    case THRIFT_TYPE.string:
      reader.skipBinary();
      return;
    case THRIFT_TYPE.struct: {
      reader.structBegin();
      for (let field = reader.field(); field !== undefined; field = reader.field()) skip(reader, field.type);
      reader.structEnd();
      return;
    }
    case THRIFT_TYPE.map: {
      const { keyType, valueType, size } = reader.mapBegin();
      for (let i = 0; i < size; i++) {
        skip(reader, keyType);
        skip(reader, valueType);
      }
      reader.containerEnd();
      return;
    }
    case THRIFT_TYPE.set:
    case THRIFT_TYPE.list: {
      const { elementType, size } = reader.listBegin();
      for (let i = 0; i < size; i++) skip(reader, elementType);
      reader.containerEnd();
      return;
    }
    case THRIFT_TYPE.stop:
      return;
  }
}
