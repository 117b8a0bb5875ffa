import type { ZipkinEndpoint, ZipkinKind, ZipkinSpan } from "./model.ts";
import type { NotedAnnotation, ZipkinSpanFields } from "./read-span.ts";

/** Annotations that stood for the kind and the times of a span before there was a field for either. */
const CORE: Readonly<Record<string, ZipkinKind>> = {
  cs: "CLIENT",
  cr: "CLIENT",
  sr: "SERVER",
  ss: "SERVER",
  ms: "PRODUCER",
  ws: "PRODUCER",
  mr: "CONSUMER",
  wr: "CONSUMER",
};
/** The annotation that began what the other ended. */
const BEGIN: Readonly<Record<ZipkinKind, string>> = { CLIENT: "cs", SERVER: "sr", PRODUCER: "ms", CONSUMER: "wr" };
const END: Readonly<Record<ZipkinKind, string>> = { CLIENT: "cr", SERVER: "ss", PRODUCER: "ws", CONSUMER: "mr" };
/** Binary annotations that named the other side, and whose they are. */
const ADDRESSES: Readonly<Record<string, readonly ZipkinKind[]>> = {
  sa: ["CLIENT"],
  ca: ["SERVER"],
  ma: ["PRODUCER", "CONSUMER"],
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One side of a span of v1. */
interface Side {
  kind: ZipkinKind | undefined;
  local: ZipkinEndpoint | undefined;
  remote: ZipkinEndpoint | undefined;
  begin: number;
  end: number;
  annotations: NotedAnnotation[];
  tags: Record<string, string>;
}

/** Whether a span without kind, endpoints and tags has annotations of v1 all the same. */
export function looksLikeV1({ isV1, kind, local, remote, tagCount, annotations }: ZipkinSpanFields): boolean {
  if (isV1) return true;
  const plain = kind === undefined && local === undefined && remote === undefined && tagCount === 0;
  return plain && annotations.some(({ value }) => CORE[value] !== undefined && value in CORE);
}

/**
 * A span of v1 as v2 has it (zipkin-api.yaml, thrift/zipkinCore.thrift): one for each side that noted something, client
 * before server and producer before consumer. Sides of one span have one id; the second is `shared`. What is noted by
 * another service than either belongs to the first.
 */
export function fromV1(fields: ZipkinSpanFields): ZipkinSpan[] {
  const sides = coreSides(fields);
  const first = sides[0] ?? emptySide();
  if (sides.length === 0) sides.push(first);
  for (const annotation of fields.annotations) {
    if (isCore(annotation, sides)) continue;
    sideOf(sides, annotation.endpoint).annotations.push({ timestamp: annotation.timestamp, value: annotation.value });
  }
  addBinary(fields, sides);
  return sides.map((side, index) => spanOf(fields, side, index));
}

function emptySide(): Side {
  const tags = Object.create(null) as Record<string, string>;
  return { kind: undefined, local: undefined, remote: undefined, begin: 0, end: 0, annotations: [], tags };
}

/** The sides whose core annotations are there. */
function coreSides({ annotations }: ZipkinSpanFields): Side[] {
  const sides: Side[] = [];
  for (const kind of ["CLIENT", "SERVER", "PRODUCER", "CONSUMER"] as const) {
    const begin = annotations.find(({ value }) => value === BEGIN[kind]);
    const end = annotations.find(({ value }) => value === END[kind]);
    // What went over the wire says nothing by itself.
    const own = kind === "PRODUCER" ? begin : kind === "CONSUMER" ? end : (begin ?? end);
    if (own === undefined) continue;
    const local = begin?.endpoint ?? end?.endpoint;
    sides.push({ ...emptySide(), kind, local, begin: begin?.timestamp ?? 0, end: end?.timestamp ?? 0 });
  }
  return sides;
}

/** Whether some side's times have it. */
function isCore({ value }: NotedAnnotation, sides: readonly Side[]): boolean {
  const kind = Object.hasOwn(CORE, value) ? CORE[value] : undefined;
  return kind !== undefined && sides.some((side) => side.kind === kind);
}

/** The side that an endpoint is of; the first where it is of none. A side that knows no endpoint takes it. */
function sideOf(sides: readonly Side[], endpoint: ZipkinEndpoint | undefined): Side {
  const first = sides[0] as Side;
  if (endpoint === undefined) return first;
  const known = sides.find(({ local }) => local?.serviceName === endpoint.serviceName && local !== undefined);
  if (known !== undefined) return known;
  const free = sides.find(({ local }) => local === undefined);
  if (free !== undefined) free.local = endpoint;
  return free ?? first;
}

function addBinary({ binary }: ZipkinSpanFields, sides: Side[]): void {
  const first = sides[0] as Side;
  for (const { key, value, endpoint } of binary) {
    const kinds = Object.hasOwn(ADDRESSES, key) && endpoint !== undefined ? ADDRESSES[key] : undefined;
    if (kinds === undefined) {
      const side = sideOf(sides, endpoint);
      // "lc" without a text is there for its endpoint alone.
      if (key !== "lc" || value !== "") side.tags[key] = value;
      continue;
    }
    const side = sides.find(({ kind }) => kind !== undefined && kinds.includes(kind));
    if (side !== undefined) side.remote = peerOf(side, endpoint as ZipkinEndpoint);
    else if (first.kind === undefined) {
      first.remote = endpoint;
      if (key === "ca") first.kind = "SERVER";
    }
  }
}

/** Finagle named the server's own service at the client's address. */
function peerOf({ kind, local }: Side, endpoint: ZipkinEndpoint): ZipkinEndpoint {
  if (kind !== "SERVER" || endpoint.serviceName === undefined || endpoint.serviceName !== local?.serviceName) {
    return endpoint;
  }
  const { serviceName: _, ...address } = endpoint;
  return address;
}

/** The first side has the span's own times where there are some. Without a start, a server joined its client's span. */
function spanOf(fields: ZipkinSpanFields, side: Side, index: number): ZipkinSpan {
  const ownTimes = index === 0;
  const start = (ownTimes ? fields.timestamp : 0) || side.begin;
  const measured = side.begin > 0 && side.end > side.begin ? side.end - side.begin : 0;
  const duration = (ownTimes ? fields.duration : 0) || measured;
  const joined = side.kind === "SERVER" && fields.timestamp === 0 && side.begin > 0;
  const span: Mutable<ZipkinSpan> = {
    traceId: fields.traceId,
    id: fields.id,
    annotations: side.annotations,
    tags: side.tags,
  };
  if (fields.parentId !== "") span.parentId = fields.parentId;
  if (fields.name !== undefined) span.name = fields.name;
  if (side.kind !== undefined) span.kind = side.kind;
  if (start > 0) span.timestamp = start;
  if (duration > 0) span.duration = duration;
  if (side.local !== undefined) span.localEndpoint = side.local;
  if (side.remote !== undefined) span.remoteEndpoint = side.remote;
  if (fields.debug) span.debug = true;
  if (index > 0 || joined) span.shared = true;
  return span;
}
