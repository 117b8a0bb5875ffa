import type protobuf from "protobufjs";
import { DecodeError } from "../decode-error.ts";
import { wellFormed } from "../utf8.ts";

/** Messages inside each other, as protobuf readers take at most. */
const MAX_DEPTH = 100;

/** Most characters of a value in a fault. */
const SHOWN = 60;

const INT64: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};
const INT32: Readonly<Record<string, readonly [min: number, max: number]>> = {
  sint32: [-(2 ** 31), 2 ** 31 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  fixed32: [0, 2 ** 32 - 1],
};
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Brings the JSON form of a message into the one that protobufjs takes: names in lowerCamelCase or snake_case, enums by
 * number or name, 64-bit integers as texts or numbers, bytes as base64, and what `hex` names as hex. Unknown names are
 * passed over, null is absent.
 * @throws DecodeError with the path of a value that is not what its field holds
 */
export class JsonForm {
  readonly #hex: ReadonlySet<string>;

  /** @param hex lowerCamelCase names of bytes that are written as hex */
  constructor(hex: ReadonlySet<string>) {
    this.#hex = hex;
  }

  message(type: protobuf.Type, value: unknown, path = "", depth = 0): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault(path, "an object", value);
    if (depth > MAX_DEPTH) throw new DecodeError(`${path}: more than ${MAX_DEPTH} messages inside each other`);
    const form: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
      const field = fieldOf(type, name);
      if (field === undefined || member === null || member === undefined) continue;
      const at = path === "" ? name : `${path}.${name}`;
      field.resolve();
      if (!field.repeated) {
        this.#put(form, type, field, this.#value(field, member, at, depth));
        continue;
      }
      if (!Array.isArray(member)) throw fault(at, "a list", member);
      form[field.name] = member.map((one: unknown, index) => this.#value(field, one, `${at}[${index}]`, depth));
    }
    return form;
  }

  /** A number that no int64 holds is a double where the message has one for it, as in AnyValue. */
  #put(form: Record<string, unknown>, type: protobuf.Type, field: protobuf.Field, value: unknown): void {
    if (typeof value === "number" && field.type === "int64") {
      if (type.fields.doubleValue !== undefined) form.doubleValue = value;
      return;
    }
    form[field.name] = value;
  }

  #value(field: protobuf.Field, value: unknown, path: string, depth: number): unknown {
    const { resolvedType } = field;
    if (resolvedType !== null) {
      if ("values" in resolvedType) return enumOf(resolvedType, value, path);
      // An array may have holes: `{}`, or null.
      return this.message(resolvedType, value ?? {}, path, depth + 1);
    }
    switch (field.type) {
      case "string":
        if (typeof value === "string") return wellFormed(value);
        if (typeof value === "number" || typeof value === "boolean") return String(value);
        throw fault(path, "a text", value);
      case "bool":
        if (value === true || value === "true") return true;
        if (value === false || value === "false") return false;
        throw fault(path, "true or false", value);
      case "double":
        return doubleOf(value, path);
      case "bytes":
        return this.#bytes(field.name, value, path);
      default:
        return field.type in INT64 ? int64Of(field.type, value, path) : int32Of(field.type, value, path);
    }
  }

  #bytes(name: string, value: unknown, path: string): Uint8Array {
    if (typeof value !== "string") throw fault(path, "a text", value);
    if (!this.#hex.has(name)) return Buffer.from(value, "base64");
    if (!/^(?:[0-9a-fA-F]{2})*$/.test(value)) throw fault(path, "hex digits", value);
    return Buffer.from(value, "hex");
  }
}

function fieldOf(type: protobuf.Type, name: string): protobuf.Field | undefined {
  const { fields } = type;
  if (Object.hasOwn(fields, name)) return fields[name];
  const camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.hasOwn(fields, camel) ? fields[camel] : undefined;
}

function enumOf({ values }: protobuf.Enum, value: unknown, path: string): number {
  if (typeof value === "string" && Object.hasOwn(values, value)) return values[value] as number;
  return int32Of("int32", value, path);
}

function doubleOf(value: unknown, path: string): number {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  if (typeof value === "string" && NUMBER.test(value)) return Number(value);
  throw fault(path, "a number", value);
}

function int32Of(type: string, value: unknown, path: string): number {
  const [min, max] = INT32[type] as readonly [number, number];
  const number = typeof value === "string" && NUMBER.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max) return number;
  throw fault(path, `an integer from ${min} to ${max}`, value);
}

/** Decimal digits; a number for one that an int64 does not hold. */
function int64Of(type: string, value: unknown, path: string): string | number {
  const [min, max] = INT64[type] as readonly [bigint, bigint];
  const text = typeof value === "number" ? String(value) : longText(value);
  if (text !== undefined && NUMBER.test(text)) {
    const number = Number(text);
    const integer = /^[+-]?\d+$/.test(text) ? BigInt(text) : Number.isInteger(number) ? BigInt(number) : undefined;
    if (integer !== undefined && integer >= min && integer <= max) return String(integer);
    if (type === "int64") return number;
  }
  throw fault(path, `an integer from ${min} to ${max}`, value);
}

/** `{"low": 603127808, "high": 416766852}` is how a Long of JavaScript is written. */
function longText(value: unknown): string | undefined {
  if (typeof value === "string") return value.slice(0, 400);
  const { low, high } = (value ?? {}) as { readonly low?: unknown; readonly high?: unknown };
  if (!Number.isInteger(low) || !Number.isInteger(high)) return undefined;
  return String(BigInt(high as number) * 2n ** 32n + BigInt((low as number) >>> 0));
}

function fault(path: string, expected: string, value: unknown): DecodeError {
  return new DecodeError(`${path === "" ? "the document" : path}: expected ${expected}, found ${shown(value)}`);
}

/** Never the whole of a large value. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = String(value);
  return typeof value === "string" ? JSON.stringify(text.slice(0, SHOWN)) : text.slice(0, SHOWN);
}
