import type { KeyValue } from "../../model/any-value.ts";
import { DEFAULT_SERVICE, SPAN_KIND, type Span, type SpanKind, STATUS_CODE } from "../../model/span.ts";
import { isJsonObject, type JsonObject } from "../mapping/any-value-json.ts";
import { stringList } from "../mapping/attribute-residue.ts";
import { TAG } from "../mapping/keys.ts";
import type { PlacedSpan } from "../mapping/placed-span.ts";
import {
  applyResourceResidue,
  applySpanResidue,
  NANOS_PER_MICRO,
  parseResidue,
  RESIDUE_KEY,
} from "../mapping/span-residue.ts";
import { TagBag, takeDroppedCounts, takeScope, takeStatusCode } from "../mapping/take-tags.ts";
import { fromAnnotation } from "./annotations.ts";
import { addEndpointTags } from "./endpoints.ts";
import { isResourceKey, type ZipkinKind, type ZipkinSpan } from "./model.ts";

const LATEST = 0xffff_ffff_ffff_ffffn;

const KINDS: Readonly<Record<ZipkinKind, SpanKind>> = {
  CLIENT: SPAN_KIND.client,
  SERVER: SPAN_KIND.server,
  PRODUCER: SPAN_KIND.producer,
  CONSUMER: SPAN_KIND.consumer,
};

/** Which tags belong to the resource and which to the span, where the key alone tells it wrongly. */
export interface TagOwners {
  readonly resource: ReadonlySet<string>;
  readonly span: ReadonlySet<string>;
}

/** A span as OTLP has it, with what the reserved tag and the annotations' reserved fields restore. */
export function fromZipkinSpan(zipkin: ZipkinSpan): PlacedSpan {
  const { [RESIDUE_KEY]: reserved, ...tags } = zipkin.tags ?? {};
  const residue = parseResidue(reserved);
  const plain = plainZipkinSpan({ ...zipkin, tags }, ownersFromJson(residue?.owners));
  const placed = {
    ...plain,
    span: { ...plain.span, events: (zipkin.annotations ?? []).map(fromAnnotation) },
  };
  if (residue === undefined) return placed;
  const resource = isJsonObject(residue.resource) ? residue.resource : {};
  return { ...applySpanResidue(placed, residue), ...applyResourceResidue(placed.resource, resource) };
}

function ownersFromJson(json: unknown): TagOwners {
  const owners: JsonObject = isJsonObject(json) ? json : {};
  return { resource: new Set(stringList(owners.resource)), span: new Set(stringList(owners.span)) };
}

/** A span as a reader sees it who does not know the reserved tag. Its events are left out. */
export function plainZipkinSpan(zipkin: ZipkinSpan, owners: TagOwners): PlacedSpan {
  const tags = new TagBag(
    Object.entries(zipkin.tags ?? {}).map(([key, value]): KeyValue => ({ key, value: { type: "string", value } })),
  );
  const scope = takeScope(tags);
  const kind = takeKind(zipkin.kind, tags);
  const status = takeStatus(tags);
  const traceState = tags.takeString(TAG.traceState) ?? "";
  const dropped = takeDroppedCounts(tags);
  addEndpointTags(tags, zipkin.localEndpoint, zipkin.remoteEndpoint);
  if (zipkin.debug === true) tags.add(TAG.samplingPriority, { type: "int", value: 1n });
  if (zipkin.shared === true) tags.add(TAG.zipkinShared, { type: "bool", value: true });

  const service = zipkin.localEndpoint?.serviceName ?? DEFAULT_SERVICE;
  const resource: KeyValue[] = [];
  if (service !== DEFAULT_SERVICE && service !== "") {
    tags.delete(TAG.serviceName);
    resource.push({ key: TAG.serviceName, value: { type: "string", value: service } });
  }
  const attributes: KeyValue[] = [];
  for (const attribute of tags.attributes()) {
    const { key } = attribute;
    const hoisted = !owners.span.has(key) && (owners.resource.has(key) || isResourceKey(key));
    (hoisted ? resource : attributes).push(attribute);
  }

  const start = clamp(BigInt(startMicros(zipkin)) * NANOS_PER_MICRO);
  const span: Span = {
    traceId: zipkin.traceId.padStart(32, "0"),
    spanId: zipkin.id,
    parentSpanId: zipkin.parentId === zipkin.id ? "" : (zipkin.parentId ?? ""),
    traceState,
    flags: 0,
    name: zipkin.name ?? "",
    kind,
    startTimeUnixNano: start,
    endTimeUnixNano: clamp(start + BigInt(zipkin.duration ?? 0) * NANOS_PER_MICRO),
    attributes,
    events: [],
    links: [],
    ...dropped,
    status,
  };
  return {
    span,
    scope,
    scopeSchemaUrl: "",
    resource: { attributes: resource, droppedAttributesCount: 0, entityRefs: [] },
    resourceSchemaUrl: "",
  };
}

/** A span without a start began no later than its first annotation. */
function startMicros({ timestamp, annotations = [] }: ZipkinSpan): number {
  if (timestamp !== undefined) return timestamp;
  let earliest = annotations[0]?.timestamp ?? 0;
  for (const annotation of annotations) earliest = Math.min(earliest, annotation.timestamp);
  return earliest;
}

/** No kind is INTERNAL; some senders name it in the tag `span.kind`. */
function takeKind(kind: ZipkinKind | undefined, tags: TagBag): SpanKind {
  if (kind !== undefined) return KINDS[kind];
  const tag = tags.get(TAG.spanKind);
  if (tag?.type === "string" && tag.value === "internal") tags.delete(TAG.spanKind);
  return SPAN_KIND.internal;
}

/** Any `error` but "false" is an error, and says what it was unless it just says "true". */
function takeStatus(tags: TagBag): Span["status"] {
  const error = tags.get(TAG.error);
  const named = takeStatusCode(tags);
  const description = tags.takeString(TAG.statusDescription);
  if (error?.type === "string" && error.value !== "false") {
    tags.delete(TAG.error);
    return { code: STATUS_CODE.error, message: description ?? (error.value === "true" ? "" : error.value) };
  }
  return { code: named ?? STATUS_CODE.unset, message: description ?? "" };
}

function clamp(nanos: bigint): bigint {
  return nanos > LATEST ? LATEST : nanos;
}
