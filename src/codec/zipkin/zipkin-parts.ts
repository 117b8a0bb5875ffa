import type { KeyValue } from "../../model/any-value.ts";
import { DEFAULT_SERVICE } from "../../model/span.ts";
import { TAG } from "../mapping/keys.ts";
import type { MappingMemory } from "../mapping/mapping-memory.ts";
import { KEPT, type OwnFields, ownFields } from "../mapping/own-fields.ts";
import type { PlacedSpan } from "../mapping/placed-span.ts";
import type { ScopeGroup, SpanBatch } from "../mapping/span-batch.ts";
import { nanosHigh, VALUE_IN } from "../mapping/span-parts.ts";
import { KEY_USE, type TagKey } from "../mapping/tag-keys.ts";
import { isOwn, writeResourceTags, writeSpanParts } from "../mapping/write-parts.ts";
import { WireWriter } from "../otlp/wire/wire-writer.ts";
import { utf8Text } from "../utf8.ts";
import { looksLikeV1 } from "./from-v1.ts";
import { plainZipkinSpan } from "./from-zipkin.ts";
import { zipkinKeyUse } from "./key-use.ts";
import type { ZipkinSpanFields } from "./read-span.ts";

const WORD = 0x1_0000_0000;
const NO_OWNERS = { resource: new Set<string>(), span: new Set<string>() };
/** What the bytes are that own fields follow from. */
const TELLS = { kind: 1, local: 2, remote: 3, debug: 4, shared: 5, tag: 6 } as const;

/** A part of the bytes at hand. */
class Range {
  from = 0;
  to = 0;
}

/** The parts of a Zipkin span, while they are found and when they are written; the same for all of its formats. */
export class ZipkinParts {
  /** 1 where it is set, 0 where it is not. */
  debug = 0;
  shared = 0;
  readonly #bytes: Uint8Array;
  readonly #memory: MappingMemory;
  readonly #hoisted = new WireWriter(256);
  readonly #kind = new Range();
  readonly #local = new Range();
  readonly #remote = new Range();
  /** The endpoint of an earlier span: those of one service are alike. */
  readonly #earlier = new Range();

  constructor(bytes: Uint8Array, memory: MappingMemory) {
    this.#bytes = bytes;
    this.#memory = memory;
  }

  begin(): void {
    const { parts } = this.#memory;
    parts.begin(this.#bytes);
    parts.ids.fill(0);
    this.debug = 0;
    this.shared = 0;
    this.#kind.to = 0;
    this.#local.to = 0;
    this.#remote.to = 0;
  }

  /** The kind stands in [from, to). */
  setKind(from: number, to: number): void {
    this.#kind.from = from;
    this.#kind.to = to;
  }

  setEndpoint(local: boolean, from: number, to: number): void {
    const range = local ? this.#local : this.#remote;
    range.from = from;
    range.to = to;
    if (!local) return;
    this.#earlier.from = from;
    this.#earlier.to = to;
  }

  /** Where the local endpoint that begins at `from` ends, if it is the same as that of an earlier span; else -1. */
  endOfLocal(from: number): number {
    const bytes = this.#bytes;
    const { from: other, to } = this.#earlier;
    if (to === 0) return -1;
    for (let i = other; i < to; i++) if (bytes[i] !== bytes[from + i - other]) return -1;
    return from + to - other;
  }

  /** When all of it was found: true where it may be written, if its own fields are known. */
  finish(): boolean {
    const { parts } = this.#memory;
    const { ids } = parts;
    if (!isSet(ids, 0, 16) || !isSet(ids, 16, 24)) return false;
    parts.hasParent = isSet(ids, 24, 32) && !isParentItself(ids);
    // It began with its first annotation, or is of v1.
    if (parts.events > 0 && (parts.startMicros === 0 || this.#isBare())) return false;
    if (nanosHigh(parts.startMicros + parts.durationMicros) >= WORD) return false;
    this.#tell();
    return true;
  }

  /** Writes the span that was found; false where it is not known yet what its own fields are. */
  write(out: SpanBatch): boolean {
    const { own, parts } = this.#memory;
    if (own === undefined) return false;
    const peers = this.#remote.to > 0;
    const group = this.#group(out, own, peers);
    const at = out.begin(group, 0);
    writeSpanParts(group.writer, parts, own, peers);
    group.writer.close(at);
    return true;
  }

  /** Learns from the span that was found what its own fields are. */
  learn(fields: ZipkinSpanFields): void {
    const { fault, marks, droppedTags, droppedAnnotations } = fields;
    if (fault !== undefined || marks !== 0 || droppedTags + droppedAnnotations > 0 || looksLikeV1(fields)) return;
    const zipkin = fields.toV2();
    const peers = this.#remote.to > 0;
    const tags = Object.entries(zipkin.tags ?? {}).filter(([key]) => isOwn(zipkinKeyUse(key), peers));
    const { timestamp: _, ...timeless } = zipkin;
    const placed = plainZipkinSpan({ ...timeless, annotations: [], tags: Object.fromEntries(tags) }, NO_OWNERS);
    const service = zipkin.localEndpoint?.serviceName ?? DEFAULT_SERVICE;
    const named = service !== DEFAULT_SERVICE && service !== "";
    const resource = named ? placed.resource : { ...placed.resource, attributes: [] };
    const kept = new Set(named ? [] : [TAG.serviceName]);
    const keyValues = tags.map(([key, value]): KeyValue => ({ key, value: { type: "string", value } }));
    this.#memory.learn(ownFields({ ...placed, resource }, keyValues, kept));
  }

  /** Without kind, endpoints and tags. */
  #isBare(): boolean {
    return this.#kind.to + this.#local.to + this.#remote.to + this.#memory.parts.spanTags === 0;
  }

  #tell(): void {
    const memory = this.#memory;
    const bytes = this.#bytes;
    const { tags, spanTags } = memory.parts;
    const peers = this.#remote.to > 0;
    memory.beginTelling();
    if (this.#kind.to > 0) memory.tell(TELLS.kind, bytes, this.#kind.from, this.#kind.to);
    if (this.#local.to > 0) memory.tell(TELLS.local, bytes, this.#local.from, this.#local.to);
    if (peers) memory.tell(TELLS.remote, bytes, this.#remote.from, this.#remote.to);
    if (this.debug > 0) memory.tell(TELLS.debug, bytes, 0, 0);
    if (this.shared > 0) memory.tell(TELLS.shared, bytes, 0, 0);
    for (let row = 0; row < spanTags; row++) {
      if (!isOwn((tags.keys[row] as TagKey).use, peers)) continue;
      memory.tell(TELLS.tag, bytes, tags.rawFrom[row] as number, tags.rawTo[row] as number);
    }
  }

  #group(out: SpanBatch, own: OwnFields, peers: boolean): ScopeGroup {
    const hoisted = this.#hoisted;
    hoisted.rewind(0);
    writeResourceTags(hoisted, this.#memory.parts, own, peers);
    const written = hoisted.written();
    const more = written.length === 0 ? "" : Buffer.from(written.buffer, 0, written.length).toString("latin1");
    return out.groupOf(own, more, () => this.#placed(own, peers));
  }

  /** With the attributes that tags tell of the resource. */
  #placed(own: OwnFields, peers: boolean): PlacedSpan {
    const { placed } = own;
    const { parts } = this.#memory;
    const { keys, places, from, to } = parts.tags;
    const attributes = [...placed.resource.attributes];
    let told = 0;
    for (let row = 0; row < parts.spanTags; row++) {
      const key = keys[row] as TagKey;
      const kept = isOwn(key.use, peers) ? own.kept[told++] === KEPT.resource : key.use === KEY_USE.resource;
      if (!kept) continue;
      const bytes = places[row] === VALUE_IN.scratch ? parts.scratch : parts.source;
      const value = utf8Text(bytes, from[row] as number, to[row] as number);
      attributes.push({ key: key.text, value: { type: "string", value } });
    }
    return { ...placed, resource: { ...placed.resource, attributes } };
  }
}

function isSet(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return true;
  return false;
}

function isParentItself(ids: Uint8Array): boolean {
  for (let i = 0; i < 8; i++) if (ids[16 + i] !== ids[24 + i]) return false;
  return true;
}
