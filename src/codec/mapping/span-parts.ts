import type { TagKey } from "./tag-keys.ts";

/** More of a kind in one span are rare: such a span is built. */
export const MAX_SPAN_PARTS = 256;
const WORD = 0x1_0000_0000;

/** Where the value of a tag lies, and as what. */
export const VALUE_IN = { source: 0, scratch: 1, encoded: 2 } as const;

/** A reference in a span: 16 bytes of trace id and 8 of span id in the scratch memory. */
interface LinkPart {
  readonly at: number;
  /** Its attributes, encoded. */
  readonly attributes: Uint8Array;
}

/** Tags of a span and of its events, one behind the other. */
export class TagParts {
  count = 0;
  readonly keys: TagKey[] = [];
  /** By tag: one of VALUE_IN. */
  readonly places = new Uint8Array(MAX_SPAN_PARTS);
  readonly from = new Int32Array(MAX_SPAN_PARTS);
  readonly to = new Int32Array(MAX_SPAN_PARTS);
  /** The whole tag in the source. */
  readonly rawFrom = new Int32Array(MAX_SPAN_PARTS);
  readonly rawTo = new Int32Array(MAX_SPAN_PARTS);
}

/**
 * Where the parts of a span of another format lie: what is needed to write it as OTLP without building it. One is used
 * again and again; only what was found since `begin` counts.
 */
export class SpanParts {
  source: Uint8Array = new Uint8Array(0);
  /** 16 bytes of trace id, 8 of the span's, 8 of its parent's. */
  readonly ids = new Uint8Array(32);
  hasParent = false;
  nameIn: Uint8Array = this.source;
  nameFrom = 0;
  nameTo = 0;
  startMicros = 0;
  durationMicros = 0;
  readonly tags = new TagParts();
  /** How many of the tags are the span's own. */
  spanTags = 0;
  events = 0;
  readonly eventMicros = new Float64Array(MAX_SPAN_PARTS);
  readonly eventNameIn: Uint8Array[] = [];
  readonly eventNameFrom = new Int32Array(MAX_SPAN_PARTS);
  readonly eventNameTo = new Int32Array(MAX_SPAN_PARTS);
  /** Behind the last tag of each event. */
  readonly eventTagEnd = new Int32Array(MAX_SPAN_PARTS);
  readonly links: LinkPart[] = [];
  /** What had to be rewritten: texts without escapes, values, ids. */
  scratch = new Uint8Array(1024);
  scratchUsed = 0;
  #list = 0;

  begin(source: Uint8Array): void {
    this.source = source;
    this.hasParent = false;
    this.nameIn = source;
    this.nameFrom = 0;
    this.nameTo = 0;
    this.startMicros = 0;
    this.durationMicros = 0;
    this.tags.count = 0;
    this.spanTags = 0;
    this.events = 0;
    this.links.length = 0;
    this.scratchUsed = 0;
  }

  /** Begins a list of tags, in which no key may be twice. */
  beginTags(): void {
    this.#list++;
  }

  /** Adds a tag; false where it cannot: a key is there already, or there are too many. */
  addTag(key: TagKey, place: number, from: number, to: number): boolean {
    const { tags } = this;
    if (key.seen === this.#list || tags.count === MAX_SPAN_PARTS) return false;
    key.seen = this.#list;
    const row = tags.count++;
    tags.keys[row] = key;
    tags.places[row] = place;
    tags.from[row] = from;
    tags.to[row] = to;
    return true;
  }

  /** Says where the tag that was added last stands in the source. */
  rawTag(from: number, to: number): void {
    const row = this.tags.count - 1;
    this.tags.rawFrom[row] = from;
    this.tags.rawTo[row] = to;
  }

  /** Room for `size` bytes of scratch memory; gives where they begin. */
  take(size: number): number {
    const at = this.scratchUsed;
    this.scratchUsed += size;
    if (this.scratchUsed > this.scratch.length) {
      const larger = new Uint8Array(this.scratchUsed * 2);
      larger.set(this.scratch);
      this.#move(this.scratch, larger);
      this.scratch = larger;
    }
    return at;
  }

  /** Names that lie in the scratch memory move with it. */
  #move(from: Uint8Array, to: Uint8Array): void {
    if (this.nameIn === from) this.nameIn = to;
    for (let i = 0; i < this.events; i++) if (this.eventNameIn[i] === from) this.eventNameIn[i] = to;
  }
}

/** Microseconds, a whole number below 2^53, as the lower half of nanoseconds. */
export function nanosLow(micros: number): number {
  return ((micros % WORD) * 1000) % WORD;
}

/** The upper half; beyond 32 bits for what is later than OTLP can tell. */
export function nanosHigh(micros: number): number {
  return Math.floor(micros / WORD) * 1000 + Math.floor(((micros % WORD) * 1000) / WORD);
}
