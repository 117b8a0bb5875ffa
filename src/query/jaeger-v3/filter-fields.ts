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
/** RFC 0005 §5.2. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Place>>>> = {
  span: {
    name: ofField("text", { intrinsic: "name" }),
    kind: ofField("kind", { intrinsic: "kind" }),
    status: ofField("status", { intrinsic: "status" }),
    statusMessage: ofField("text", { intrinsic: "statusMessage" }),
    duration: ofField("duration", { intrinsic: "duration" }),
    traceID: ofField("trace id", { intrinsic: "traceId" }),
    spanID: ofField("span id", { intrinsic: "spanId" }),
    parentSpanID: ofField("span id", { intrinsic: "parentSpanId" }),
    traceState: ofField("text", { intrinsic: "traceState" }),
    startTime: ofField("time", { intrinsic: "startTime" }),
    endTime: ofField("time", { intrinsic: "endTime" }),
  },
  resource: {
    service: ofField("text", { intrinsic: "service" }),
    schemaURL: ofField("text", { intrinsic: "resourceSchemaUrl" }),
  },
  scope: {
    name: ofField("text", { scope: "instrumentation", key: "otel.scope.name" }),
    version: ofField("text", { scope: "instrumentation", key: "otel.scope.version" }),
    schemaURL: ofField("text", { intrinsic: "scopeSchemaUrl" }),
  },
  event: {
    name: ofField("text", { intrinsic: "eventName" }),
    time: ofField("time", { intrinsic: "eventTime" }),
    timeSinceStart: ofField("duration", { intrinsic: "eventTimeSinceStart" }),
  },
  link: {
    traceID: ofField("trace id", { intrinsic: "linkTraceId" }),
    spanID: ofField("span id", { intrinsic: "linkSpanId" }),
    traceState: ofField("text", { intrinsic: "linkTraceState" }),
  },
};

/** What two values must have in common to be compared: undefined where only storage knows. */
export function domainOf({ kind }: Place): "duration" | "time" | "text" | undefined {
  if (kind === "any") return undefined;
  return kind === "duration" || kind === "time" ? kind : "text";
}

/** Whether the values of a reference come one after the other: words of a closed set do not. */
export function hasOrder({ kind }: Place): boolean {
  return kind !== "status" && kind !== "kind";
}

/** @throws PermanentError `bad_request` for what no query may name */
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
  return place;
}

/** The constant as the store compares it. @throws PermanentError `bad_request` where it is none of the kind */
export function literalOf({ kind }: Place, is: Comparison, { value, type, at }: Constant): Literal {
  checkType(type, at);
  const ordered = is !== "=" && is !== "!=";
  if (kind === "any") return typedLiteral(value, type, ordered, at);
  if (type !== "" && !(type === "string" && kind !== "duration" && kind !== "time")) {
    throw badFilter(`${at}.type`, `${type} does not compare with a ${kind}`);
  }
  if (kind === "text") return { type: "string", value };
  if (kind === "duration") {
    // An event may be before the start of its span.
    const nanos = parseGoDuration(value.replace(/^[+-]/, ""));
    if (nanos === undefined) throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected a duration as 2s`);
    return { type: "int", value: value.startsWith("-") ? -nanos : nanos };
  }
  if (kind === "time") {
    const time = parseRfc3339(value);
    if (time === undefined) {
      throw badFilter(`${at}.value`, `got ${JSON.stringify(value)}, expected a time as 2026-01-31T12:00:00.5Z`);
    }
    return { type: "int", value: time };
  }
  if (kind === "trace id" || kind === "span id") {
    return ordered
      ? { type: "string", value: value.toLowerCase() }
      : idLiteral(value, kind === "trace id" ? 32 : 16, at);
  }
  if (ordered) throw badFilter(at, `a ${kind} has no order`);
  return kind === "status" ? statusLiteral(value, at) : kindLiteral(value, at);
}

function checkType(type: string, at: string): void {
  if (["", "string", "int", "double", "bool"].includes(type)) return;
  throw badFilter(`${at}.type`, `got ${JSON.stringify(type)}, expected string, int, double, bool or none`);
}

/**
 * Whether two constants compare so. One without a type is read as the type of the other, and two without are texts.
 * @throws PermanentError `bad_request` where one is none of its type, or both are not of one kind
 */
export function constantsHold(left: Constant, is: Comparison, right: Constant): boolean {
  for (const { type, at } of [left, right]) checkType(type, at);
  const ordered = is !== "=" && is !== "!=";
  const literal = ({ value, type, at }: Constant, other: Constant) =>
    typedLiteral(value, type || other.type || "string", ordered, at);
  const [a, b] = [literal(left, right), literal(right, left)];
  const isNumber = (one: Literal) => one.type === "int" || one.type === "double";
  if (a.type !== b.type && !(isNumber(a) && isNumber(b))) {
    throw badFilter(right.at, `a ${b.type} does not compare with a ${a.type}`);
  }
  // biome-ignore lint/suspicious/noDoubleEquals: 5n == 5 is the exact comparison wanted here
  if (!ordered) return (a.value == b.value) === (is === "=");
  if (a.value < b.value) return is === "<" || is === "<=";
  return a.value > b.value ? is === ">" || is === ">=" : is === ">=" || is === "<=";
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

function levels(known: readonly string[]): string {
  return `expected ${known.map((level) => JSON.stringify(level)).join(", ")}`;
}
