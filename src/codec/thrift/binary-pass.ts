import { DecodeError } from "../decode-error.ts";
import { MAX_THRIFT_DEPTH, THRIFT_TYPE, type ThriftType, thriftType } from "./protocol.ts";

const T = THRIFT_TYPE;

/** Fewest bytes that a value of a type takes. A struct is at least its stop byte. */
export const SMALLEST: Readonly<Record<ThriftType, number>> = {
  [THRIFT_TYPE.stop]: 0,
  [THRIFT_TYPE.bool]: 1,
  [THRIFT_TYPE.byte]: 1,
  [THRIFT_TYPE.double]: 8,
  [THRIFT_TYPE.i16]: 2,
  [THRIFT_TYPE.i32]: 4,
  [THRIFT_TYPE.i64]: 8,
  [THRIFT_TYPE.string]: 4,
  [THRIFT_TYPE.struct]: 1,
  [THRIFT_TYPE.map]: 6,
  [THRIFT_TYPE.set]: 5,
  [THRIFT_TYPE.list]: 5,
};

/**
 * Steps over a value in Thrift's binary protocol and gives where it ends.
 * @param depth of what it lies in
 * @throws DecodeError for one that is cut short, forged or nested too deep
 */
export function passBinary(bytes: Uint8Array, from: number, type: ThriftType, depth: number): number {
  switch (type) {
    case T.bool:
    case T.byte:
      return behind(bytes, from, 1);
    case T.i16:
      return behind(bytes, from, 2);
    case T.i32:
      return behind(bytes, from, 4);
    case T.i64:
    case T.double:
      return behind(bytes, from, 8);
    case T.string: {
      const start = behind(bytes, from, 4);
      return behind(bytes, start, int32(bytes, from));
    }
    case T.struct:
      return passStruct(bytes, from, deeper(depth, from));
    case T.map:
      return passMap(bytes, from, depth);
    case T.set:
    case T.list:
      return passList(bytes, from, depth);
    default:
      return from;
  }
}

/** The big-endian int32 at `at`. */
export function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function passStruct(bytes: Uint8Array, from: number, depth: number): number {
  let at = from;
  for (;;) {
    const code = bytes[at] ?? behind(bytes, at, 1);
    if (code === T.stop) return at + 1;
    const type = thriftType(code, at);
    at = passBinary(bytes, behind(bytes, at + 1, 2), type, depth);
  }
}

function passList(bytes: Uint8Array, from: number, depth: number): number {
  let at = behind(bytes, behind(bytes, from, 1), 4);
  const size = int32(bytes, from + 1);
  const code = bytes[from] as number;
  const type = size === 0 && code === T.stop ? T.byte : thriftType(code, from);
  checkSize(bytes, at, size, SMALLEST[type]);
  const inside = deeper(depth, at);
  for (let i = 0; i < size; i++) at = passBinary(bytes, at, type, inside);
  return at;
}

function passMap(bytes: Uint8Array, from: number, depth: number): number {
  let at = behind(bytes, behind(bytes, from, 2), 4);
  const size = int32(bytes, from + 2);
  const keyType = size === 0 ? T.byte : thriftType(bytes[from] as number, from);
  const valueType = size === 0 ? T.byte : thriftType(bytes[from + 1] as number, from + 1);
  checkSize(bytes, at, size, SMALLEST[keyType] + SMALLEST[valueType]);
  const inside = deeper(depth, at);
  for (let i = 0; i < size; i++) {
    at = passBinary(bytes, at, keyType, inside);
    at = passBinary(bytes, at, valueType, inside);
  }
  return at;
}

/** Where `count` bytes from `at` on end. */
function behind(bytes: Uint8Array, at: number, count: number): number {
  const left = bytes.length - at;
  if (count >= 0 && count <= left) return at + count;
  throw new DecodeError(`Thrift input needs ${count} more bytes, ${left} are left`, at);
}

function checkSize(bytes: Uint8Array, at: number, size: number, bytesPerElement: number): void {
  const left = bytes.length - at;
  if (size >= 0 && size * bytesPerElement <= left) return;
  throw new DecodeError(`Thrift container claims ${size} elements, ${left} bytes are left`, at);
}

function deeper(depth: number, at: number): number {
  if (depth < MAX_THRIFT_DEPTH) return depth + 1;
  throw new DecodeError(`Thrift input is nested deeper than ${MAX_THRIFT_DEPTH}`, at);
}
