import type { Resource } from "../../model/span.ts";
import { encodeResource, encodeScope, writeSpan } from "../otlp/message/encode.ts";
import type { Refused } from "../otlp/message/id-faults.ts";
import type { Refusals } from "../otlp/message/refusals.ts";
import { varintSize, WireWriter } from "../otlp/wire/wire-writer.ts";
import type { OwnFields } from "./own-fields.ts";
import { type PlacedSpan, type ResourceWithSchema, resourceKey, type ScopedSpan, scopeKey } from "./placed-span.ts";

/** Protobuf with spans of another format. Limits are not applied yet. */
export interface MappedTraces {
  /** A TracesData message. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Bits of SPAN_MARK for each span of the body, in its order: what was changed on the way. */
  readonly given: Uint8Array;
}

/** Spans with one resource. */
class ResourceGroup {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly scopes = new Map<string, ScopeGroup>();

  constructor({ resource, resourceSchemaUrl }: ResourceWithSchema) {
    this.head = encodeResource(resource);
    this.tail = schemaUrl(resourceSchemaUrl);
  }
}

/** Spans with one scope, of one resource. */
export class ScopeGroup {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  /** Fields 2 of ScopeSpans. */
  readonly writer = new WireWriter(4 << 10);
  /** Bits of SPAN_MARK by span; ends before the spans that have none. */
  readonly marks: number[] = [];
  count = 0;

  constructor({ scope, scopeSchemaUrl }: ScopedSpan) {
    this.head = encodeScope(scope);
    this.tail = schemaUrl(scopeSchemaUrl);
  }

  get size(): number {
    return this.head.length + this.writer.length + this.tail.length;
  }
}

/**
 * Spans of another format as they are read, one by one, as protobuf: those with equal resources in one ResourceSpans,
 * those with equal scopes in one ScopeSpans, the order otherwise kept.
 */
export class SpanBatch {
  readonly #refusals: Refusals;
  #count = 0;
  #resources = new Map<string, ResourceGroup>();
  #byResource = new Map<Resource, Map<string, ResourceGroup>>();
  #byOwn = new Map<OwnFields, Map<string, ScopeGroup>>();

  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  get count(): number {
    return this.#count;
  }

  /** @param marks bits of SPAN_MARK */
  add(placed: PlacedSpan, marks: number): void {
    const group = this.#group(placed);
    const at = this.begin(group, marks);
    writeSpan(group.writer, placed.span);
    group.writer.close(at);
  }

  /**
   * Begins a span in a group; what is given closes it. Its fields are written by the group's writer.
   * @param marks bits of SPAN_MARK
   */
  begin(group: ScopeGroup, marks: number): number {
    if (marks !== 0) group.marks[group.count] = marks;
    group.count++;
    this.#count++;
    return group.writer.open(0x12);
  }

  /** The group of spans with this resource and this scope. */
  #group(placed: PlacedSpan): ScopeGroup {
    const resource = this.#resource(placed);
    const key = scopeKey(placed);
    let group = resource.scopes.get(key);
    if (group === undefined) {
      group = new ScopeGroup(placed);
      resource.scopes.set(key, group);
    }
    return group;
  }

  /**
   * The group of spans with these own fields. All of a batch that have them, and the same `more`, have it.
   * @param more what else tells the resource, in any form
   * @param placed one of them, for its scope and its resource
   */
  groupOf(own: OwnFields, more: string, placed: () => PlacedSpan): ScopeGroup {
    let groups = this.#byOwn.get(own);
    if (groups === undefined) {
      groups = new Map();
      this.#byOwn.set(own, groups);
    }
    let group = groups.get(more);
    if (group === undefined) {
      group = this.#group(placed());
      groups.set(more, group);
    }
    return group;
  }

  /** @param example place and fault: `spans[3].traceId: expected …, found …` */
  refuse(reason: Refused, example: () => string): void {
    this.#refusals.refuse(reason, example);
  }

  /** What was added, as protobuf; the batch is empty then. */
  take(): MappedTraces {
    const given = new Uint8Array(this.#count);
    const groups = [...this.#resources.values()];
    const out = new WireWriter(groups.reduce((sum, group) => sum + sizeOf(group) + 6, 0));
    let row = 0;
    for (const group of groups) {
      out.tag(0x0a);
      out.varint(sizeOf(group));
      out.raw(group.head);
      for (const scope of group.scopes.values()) {
        out.tag(0x12);
        out.varint(scope.size);
        out.raw(scope.head);
        out.raw(scope.writer.written());
        out.raw(scope.tail);
        for (const [index, marks] of scope.marks.entries()) given[row + index] = marks ?? 0;
        row += scope.count;
      }
      out.raw(group.tail);
    }
    this.#count = 0;
    this.#resources = new Map();
    this.#byResource = new Map();
    this.#byOwn = new Map();
    return { body: out.take(), given };
  }

  /** Texts of resources are compared once for each object. */
  #resource(placed: ResourceWithSchema): ResourceGroup {
    let bySchema = this.#byResource.get(placed.resource);
    if (bySchema === undefined) {
      bySchema = new Map();
      this.#byResource.set(placed.resource, bySchema);
    }
    let group = bySchema.get(placed.resourceSchemaUrl);
    if (group === undefined) {
      const key = resourceKey(placed);
      group = this.#resources.get(key) ?? new ResourceGroup(placed);
      this.#resources.set(key, group);
      bySchema.set(placed.resourceSchemaUrl, group);
    }
    return group;
  }
}

function sizeOf({ head, tail, scopes }: ResourceGroup): number {
  let size = head.length + tail.length;
  for (const scope of scopes.values()) size += 1 + varintSize(scope.size) + scope.size;
  return size;
}

/** Field 3 of ResourceSpans and of ScopeSpans. */
function schemaUrl(url: string): Uint8Array {
  const writer = new WireWriter(url.length * 3 + 8);
  if (url !== "") writer.text(0x1a, url);
  return writer.finish();
}
