import { messageOf } from "../../model/message-of.ts";
import { DecodeError } from "../decode-error.ts";
import { isJsonObject, type JsonObject } from "../mapping/any-value-json.ts";
import type { ZipkinAnnotation, ZipkinEndpoint, ZipkinKind, ZipkinSpan } from "./model.ts";

const KINDS: ReadonlySet<string> = new Set<ZipkinKind>(["CLIENT", "SERVER", "PRODUCER", "CONSUMER"]);

/** The body of `POST /api/v2/spans`: UTF-8 JSON, a list of spans. */
export function encodeZipkinJson(spans: readonly ZipkinSpan[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(spans));
}

/**
 * Reads a list of spans in Zipkin v2 JSON. As lenient as Zipkin's own reader: null is absent, numbers and booleans in
 * tags become text, ids may be short (left-padded) and of either case, fields that nobody knows are ignored. Throws
 * DecodeError that names the span and the field.
 */
export function decodeZipkinJson(bytes: Uint8Array): ZipkinSpan[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new DecodeError(`Zipkin body is no JSON: ${messageOf(error)}`);
  }
  if (!Array.isArray(json)) throw new DecodeError("Zipkin body is no list; expected a JSON array of spans");
  return json.map((item: unknown, index) => readSpan(item, `span ${index}`));
}

function readSpan(json: unknown, where: string): ZipkinSpan {
  if (!isJsonObject(json)) throw new DecodeError(`${where} is no JSON object`);
  const kind = optional(json.kind, (value) => readKind(value, `${where}: kind`));
  const traceId = readId(json.traceId, 32, `${where}: traceId`);
  const parentId = optional(json.parentId, (value) => readParent(value, `${where}: parentId`));
  const name = optional(json.name, (value) => readText(value, `${where}: name`));
  const timestamp = optional(json.timestamp, (value) => readMicros(value, `${where}: timestamp`));
  const duration = optional(json.duration, (value) => readMicros(value, `${where}: duration`));
  const local = optional(json.localEndpoint, (value) => readEndpoint(value, `${where}: localEndpoint`));
  const remote = optional(json.remoteEndpoint, (value) => readEndpoint(value, `${where}: remoteEndpoint`));
  const annotations = optional(json.annotations, (value) => readAnnotations(value, `${where}: annotations`));
  const tags = optional(json.tags, (value) => readTags(value, `${where}: tags`));
  return {
    traceId: traceId.startsWith("0000000000000000") ? traceId.slice(16) : traceId,
    id: readId(json.id, 16, `${where}: id`),
    ...(parentId === undefined ? {} : { parentId }),
    ...(name === undefined ? {} : { name }),
    ...(kind === undefined ? {} : { kind }),
    ...(timestamp ? { timestamp } : {}),
    ...(duration ? { duration } : {}),
    ...(local === undefined ? {} : { localEndpoint: local }),
    ...(remote === undefined ? {} : { remoteEndpoint: remote }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(tags === undefined ? {} : { tags }),
    ...(json.debug === true ? { debug: true } : {}),
    ...(json.shared === true ? { shared: true } : {}),
  };
}

function optional<T>(value: unknown, read: (value: unknown) => T | undefined): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

function readId(value: unknown, digits: 16 | 32, where: string): string {
  if (typeof value !== "string" || value.length > digits || !/^[0-9a-fA-F]+$/.test(value)) {
    throw new DecodeError(`${where} is ${shown(value)}, expected 1 to ${digits} hex digits`);
  }
  const id = value.toLowerCase();
  if (/^0+$/.test(id)) throw new DecodeError(`${where} is all zeros`);
  return id.padStart(id.length > 16 ? 32 : 16, "0");
}

/** Senders write an empty or all-zero parent for none. */
function readParent(value: unknown, where: string): string | undefined {
  return value === "" || (typeof value === "string" && /^0{1,16}$/.test(value)) ? undefined : readId(value, 16, where);
}

function readKind(value: unknown, where: string): ZipkinKind {
  if (typeof value !== "string" || !KINDS.has(value)) {
    throw new DecodeError(`${where} is ${shown(value)}, expected CLIENT, SERVER, PRODUCER or CONSUMER`);
  }
  return value as ZipkinKind;
}

function readText(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new DecodeError(`${where} is ${shown(value)}, expected text`);
}

/** Whole microseconds; text of digits is taken too. 0 is unknown. */
function readMicros(value: unknown, where: string): number {
  const number = typeof value === "string" && /^\d{1,19}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !(number >= 0) || number >= 2 ** 63) {
    throw new DecodeError(`${where} is ${shown(value)}, expected microseconds as a whole number`);
  }
  return Math.trunc(number);
}

function readEndpoint(value: unknown, where: string): ZipkinEndpoint {
  if (!isJsonObject(value)) throw new DecodeError(`${where} is ${shown(value)}, expected an object`);
  const serviceName = optional(value.serviceName, (item) => readText(item, `${where}.serviceName`));
  const ipv4 = optional(value.ipv4, (item) => readText(item, `${where}.ipv4`));
  const ipv6 = optional(value.ipv6, (item) => readText(item, `${where}.ipv6`));
  const port = optional(value.port, (item) => readPort(item, `${where}.port`));
  return {
    ...(serviceName ? { serviceName } : {}),
    ...(ipv4 ? { ipv4 } : {}),
    ...(ipv6 ? { ipv6 } : {}),
    ...(port ? { port } : {}),
  };
}

function readPort(value: unknown, where: string): number {
  const port = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new DecodeError(`${where} is ${shown(value)}, expected 0 to 65535`);
  }
  return port;
}

function readAnnotations(value: unknown, where: string): ZipkinAnnotation[] {
  if (!Array.isArray(value)) throw new DecodeError(`${where} is ${shown(value)}, expected a list`);
  return value.map((item: unknown, index) => {
    const at = `${where}[${index}]`;
    if (!isJsonObject(item)) throw new DecodeError(`${at} is ${shown(item)}, expected an object`);
    return { timestamp: readMicros(item.timestamp, `${at}.timestamp`), value: readText(item.value, `${at}.value`) };
  });
}

function readTags(value: unknown, where: string): Record<string, string> {
  if (!isJsonObject(value)) throw new DecodeError(`${where} is ${shown(value)}, expected an object`);
  const entries: [string, string][] = [];
  for (const [key, item] of Object.entries(value as JsonObject)) {
    if (item !== null && item !== undefined) entries.push([key, readText(item, `${where}[${JSON.stringify(key)}]`)]);
  }
  return Object.fromEntries(entries);
}

/** A value as an error message may show it. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
