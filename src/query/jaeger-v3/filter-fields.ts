import { PermanentError } from "../../component/errors.ts";
import { SPAN_KIND_NAMES, type SpanKind, type StatusCode } from "../../model/span.ts";
import type { Comparison, Literal, SpanField } from "../../model/trace-query.ts";
import { parseGoDuration } from "../params.ts";
import { parseRfc3339 } from "../rfc3339.ts";
import { badFilter, type Expression } from "./expression.ts";

export type Reference = Extract<Expression, { term: "attr" | "field" }>;
export type Constant = { readonly value: string; readonly type: string; readonly at: string };

/** What a reference holds: of an attribute only storage knows. */
type Kind = "any" | "text" | "duration" | "status" | "kind" | "trace id" | "span id" | "time";

/** Where the values of a reference are looked for. */
export interface Place {
  readonly fields: readonly SpanField[];
  readonly kind: Kind;
}

const ATTRIBUTE_LEVELS: Readonly<
  Record<string, readonly ("span" | "resource" | "instrumentation" | "event" | "link")[]>
> = {
  "": ["span", "resource"],
  span: ["span"],
  resource: ["resource"],
  scope: ["instrumentation"],
  event: ["event"],
  link: ["link"],
};

const ofField = (kind: Kind, ...fields: SpanField[]): Place => ({ kind, fields });
/** RFC 0005 §5.2. Null stands for a field that the store has no columns for. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Place | null>>>> = {
  span: {
    name: ofField("text", { intrinsic: "name" }),
    kind: ofField("kind", { intrinsic: "kind" }),
    status: ofField("status", { intrinsic: "status" }),
    statusMessage: ofField("text", { intrinsic: "statusMessage" }),
    duration: ofField("duration", { intrinsic: "duration" }),
    traceID: ofField("trace id", { intrinsic: "traceId" }),
    spanID: ofField("span id", { intrinsic: "spanId" }),
    parentSpanID: ofField("span id", { intrinsic: "parentSpanId" }),
    traceState: null,
    startTime: ofField("time", { intrinsic: "startTime" }),
    endTime: ofField("time", { intrinsic: "endTime" }),
  },
  resource: { service: ofField("text", { intrinsic: "service" }), schemaURL: null },
  scope: {
    name: ofField("text", { scope: "instrumentation", key: "otel.scope.name" }),
    version: ofField("text", { scope: "instrumentation", key: "otel.scope.version" }),
    schemaURL: null,
  },
  event: { name: ofField("text", { intrinsic: "eventName" }), time: null, timeSinceStart: null },
  link: { traceID: ofField("trace id", { intrinsic: "linkTraceId" }), spanID: null, traceState: null },
};

/** @throws PermanentError `bad_request` for what no query may name, `unsupported` for what is not served here */
export function placeOf(reference: Reference): Place {
  if (reference.term === "attr") {
    const scopes = ATTRIBUTE_LEVELS[reference.level];
    if (scopes === undefined) throw badFilter(`${reference.at}.level`, levels(Object.keys(ATTRIBUTE_LEVELS)));
    return { kind: "any", fields: scopes.map((scope) => ({ scope, key: reference.key })) };
  }
  const fields = FIELDS[reference.level];
  if (fields === undefined) throw badFilter(`${reference.at}.level`, levels(Object.keys(FIELDS)));
  const place = Object.hasOwn(fields, reference.name) ? fields[reference.name] : undefined;
  if (place === undefined) {
    const known = Object.keys(fields).join(", ");
    throw badFilter(
      `${reference.at}.name`,
      `no field of ${reference.level}: ${reference.name}; expected one of ${known}`,
    );
  }
  if (place === null) throw unservable(reference.at, `the field ${reference.level}.${reference.name}`);
  return place;
}

/** The constant as the store compares it. @throws PermanentError `bad_request` where it is none of the kind */
export function literalOf({ kind }: Place, is: Comparison, { value, type, at }: Constant): Literal {
  if (!["", "string", "int", "double", "bool"].includes(type)) {
    throw badFilter(`${at}.type`, `got ${JSON.stringify(type)}, expected string, int, double, bool or none`);
  }
  const ordered = is !== "=" && is !== "!=";
  if (kind === "any") return typedLiteral(value, type, ordered, at);
  if (type !== "" && !(type === "string" && kind !== "duration" && kind !== "time")) {
    throw badFilter(`${at}.type`, `${type} does not compare with a ${kind}`);
  }
  if (kind === "text") return { type: "string", value };
  if (kind === "duration") {
    const nanos = parseGoDuration(value);
    if (nanos === undefined) throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected a duration as 2s`);
    return { type: "int", value: nanos };
  }
  if (kind === "time") {
    const time = parseRfc3339(value);
    if (time === undefined) {
      throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected a time as 2026-01-31T12:00:00.5Z`);
    }
    return { type: "int", value: time };
  }
  if (ordered) throw badFilter(at, `a ${kind} has no order`);
  if (kind === "trace id") return idLiteral(value, 32, at);
  if (kind === "span id") return idLiteral(value, 16, at);
  return kind === "status" ? statusLiteral(value, at) : kindLiteral(value, at);
}

function typedLiteral(value: string, type: string, ordered: boolean, at: string): Literal {
  switch (type) {
    case "string":
      return { type: "string", value };
    case "int":
      return { type: "int", value: wholeNumber(value, at) };
    case "double":
      return { type: "double", value: floatNumber(value, at) };
    case "bool":
      if (ordered) throw badFilter(at, "a bool has no order");
      if (value !== "true" && value !== "false") throw badFilter(`${at}.value`, "expected true or false");
      return { type: "bool", value: value === "true" };
    default:
      if (!ordered) return { type: "text", value };
      // Numbers compare with numbers, and texts with texts.
      if (/^[+-]?\d{1,18}$/.test(value)) return { type: "int", value: BigInt(value) };
      return isFloat(value) ? { type: "double", value: Number(value) } : { type: "string", value };
  }
}

/** Hex digits; fewer than there are in an id are its last ones. */
function idLiteral(value: string, digits: number, at: string): Literal {
  const id = value.toLowerCase();
  if (!/^[0-9a-f]+$/.test(id) || id.length > digits) {
    throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected up to ${digits} hex digits`);
  }
  return { type: "string", value: id.padStart(digits, "0") };
}

function statusLiteral(value: string, at: string): Literal {
  const names = ["unset", "ok", "error"];
  const code = names.indexOf(value.toLowerCase());
  if (code < 0) throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected ${names.join(", ")}`);
  return { type: "status", value: code as StatusCode };
}

function kindLiteral(value: string, at: string): Literal {
  const kind = (SPAN_KIND_NAMES as readonly string[]).indexOf(value.toLowerCase());
  if (kind < 0) throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected ${SPAN_KIND_NAMES.join(", ")}`);
  return { type: "kind", value: kind as SpanKind };
}

function wholeNumber(value: string, at: string): bigint {
  const number = /^[+-]?\d{1,19}$/.test(value) ? BigInt(value.replace("+", "")) : undefined;
  if (number === undefined || BigInt.asIntN(64, number) !== number) {
    throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected a whole number of 64 bits`);
  }
  return number;
}

function floatNumber(value: string, at: string): number {
  if (!isFloat(value)) throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected a number`);
  return Number(value);
}

function isFloat(value: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value);
}

/** What is valid, and Jaeger answers UNIMPLEMENTED where the storage cannot. */
export function unservable(at: string, what: string): PermanentError {
  return new PermanentError("unsupported", `query.filter: ${at}: ${what} is not supported by this storage`);
}

function levels(known: readonly string[]): string {
  return `expected ${known.map((level) => JSON.stringify(level)).join(", ")}`;
}
