import { SPAN_MARK } from "../../model/span.ts";
import { DecodeError } from "../decode-error.ts";
import type { MappingMemory } from "../mapping/mapping-memory.ts";
import { ownFields } from "../mapping/own-fields.ts";
import type { PlacedSpan, ResourceWithSchema } from "../mapping/placed-span.ts";
import type { SpanBatch } from "../mapping/span-batch.ts";
import { KEY_USE } from "../mapping/tag-keys.ts";
import { writeSpanParts } from "../mapping/write-parts.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import { BinaryReader } from "../thrift/binary.ts";
import { CompactReader } from "../thrift/compact.ts";
import { skip, THRIFT_TYPE as T, type ThriftReader } from "../thrift/protocol.ts";
import { BinaryParts } from "./binary-parts.ts";
import { fromJaegerProcess, fromJaegerSpan, plainJaegerSpan } from "./from-jaeger.ts";
import { jaegerKeyUse } from "./key-use.ts";
import type { JaegerProcess, JaegerSpan, JaegerTag } from "./model.ts";
import { ThriftSpanReader } from "./thrift-span.ts";
import { ThriftTags } from "./thrift-tags.ts";

const READERS = { binary: BinaryReader, compact: CompactReader } as const;
/** How many times the attributes that a resource may have are read of its process' tags. */
const TAGS_READ = 4;

/** What is remembered of own fields is of no process. */
const NO_RESOURCE: ResourceWithSchema = {
  resource: { attributes: [], droppedAttributesCount: 0, entityRefs: [] },
  resourceSchemaUrl: "",
};

/** Where the parts of a Batch begin. */
interface Parts {
  readonly process: number;
  readonly processEnd: number;
  readonly spans: number;
}

/**
 * A Batch of jaeger.thrift: `Batch { 1: Process process, 2: list<Span> spans }` in either of Thrift's protocols. All of
 * it is read over before anything is read, as one forged length moves all that follows.
 */
export class JaegerThrift {
  readonly hasList = true;
  readonly #bytes: Uint8Array;
  readonly #Reader: new (
    bytes: Uint8Array,
    at?: number,
  ) => ThriftReader;
  readonly #limits: SpanLimits;
  readonly #spans: ThriftSpanReader;
  #parts: Parts | undefined;
  #input: ThriftReader;
  #left = 0;
  #index = 0;
  readonly #memory: MappingMemory | undefined;
  /** Where spans need not be built. */
  readonly #finder: BinaryParts | undefined;
  #resource: ResourceWithSchema | undefined;
  /** Bits of SPAN_MARK for all spans. */
  #marks = 0;

  /** @param memory with it, most spans of the binary protocol are written without being built */
  constructor(bytes: Uint8Array, limits: SpanLimits, protocol: keyof typeof READERS, memory?: MappingMemory) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#spans = new ThriftSpanReader(limits);
    this.#Reader = READERS[protocol];
    this.#input = new this.#Reader(bytes);
    this.#memory = memory;
    if (protocol === "binary" && memory !== undefined) this.#finder = new BinaryParts(bytes, limits, memory);
  }

  get at(): number {
    return this.#input.offset;
  }

  get sharedBytes(): number {
    return this.#parts === undefined ? 0 : this.#parts.processEnd - this.#parts.process;
  }

  *check(bytes: number): Generator<undefined, void> {
    const input = this.#input;
    let pauseAt = bytes;
    let [process, processEnd, spans] = [-1, -1, -1];
    input.structBegin();
    for (let field = input.field(); field !== undefined; field = input.field()) {
      if (field.id === 1 && field.type === T.struct) {
        process = input.offset;
        skip(input, T.struct);
        processEnd = input.offset;
      } else if (field.id === 2 && field.type === T.list) {
        spans = input.offset;
        const { elementType, size } = input.listBegin();
        if (elementType !== T.struct && size > 0) {
          throw new DecodeError(`Batch.spans: expected a list of structs, found Thrift type ${elementType}`, spans);
        }
        for (let index = 0; index < size; index++) {
          skip(input, T.struct);
          if (input.offset < pauseAt) continue;
          pauseAt = input.offset + bytes;
          yield undefined;
        }
        input.containerEnd();
      } else skip(input, field.type);
    }
    input.structEnd();
    const { length } = this.#bytes;
    if (process < 0) throw new DecodeError("Batch.process: expected a struct, found none", input.offset);
    if (spans < 0) throw new DecodeError("Batch.spans: expected a list of structs, found none", input.offset);
    if (input.offset < length) throw new DecodeError(`${length - input.offset} bytes follow the Batch`, input.offset);
    this.#begin({ process, processEnd, spans });
  }

  next(out: SpanBatch): boolean {
    if (this.#parts === undefined) for (const _ of this.check(Number.POSITIVE_INFINITY));
    if (this.#left === 0) return false;
    this.#left--;
    const index = this.#index++;
    const end = this.#finder?.find(this.#input.offset) ?? -1;
    if (end >= 0 && this.#write(out)) {
      (this.#input as BinaryReader).moveTo(end);
      return true;
    }
    const reader = this.#spans;
    const jaeger = reader.read(this.#input);
    const { fault } = reader;
    if (end >= 0 && fault === undefined) this.#learn(jaeger);
    if (fault !== undefined) out.refuse(fault.reason, () => `Batch.spans[${index}]${fault.text}`);
    else {
      const placed = { ...fromJaegerSpan(jaeger), ...(this.#resource as ResourceWithSchema) };
      this.#add(out, placed, this.#marks | (reader.odd ? SPAN_MARK.mended : 0));
    }
    return true;
  }

  /** Writes the span that was found; false where it is not known yet what its own fields are. */
  #write(out: SpanBatch): boolean {
    const { own, parts } = this.#memory as MappingMemory;
    if (own === undefined) return false;
    const group = out.groupOf(own, "", () => ({ ...own.placed, ...(this.#resource as ResourceWithSchema) }));
    const at = out.begin(group, this.#marks);
    writeSpanParts(group.writer, parts, own, false);
    group.writer.close(at);
    return true;
  }

  #learn(jaeger: JaegerSpan): void {
    const { odd, droppedTags, droppedLogs, droppedReferences } = this.#spans;
    if (odd || droppedTags + droppedLogs + droppedReferences > 0) return;
    const tags = jaeger.tags.filter(({ key }) => jaegerKeyUse(key) === KEY_USE.own);
    const plain = plainJaegerSpan({ ...jaeger, references: [], tags });
    this.#memory?.learn(ownFields({ ...plain, ...NO_RESOURCE }, tags));
  }

  #add(out: SpanBatch, placed: PlacedSpan, marks: number): void {
    const { droppedTags, droppedLogs, droppedReferences } = this.#spans;
    if (droppedTags + droppedLogs + droppedReferences === 0) {
      out.add(placed, marks);
      return;
    }
    const { span } = placed;
    const counted = {
      ...span,
      droppedAttributesCount: span.droppedAttributesCount + droppedTags,
      droppedEventsCount: span.droppedEventsCount + droppedLogs,
      droppedLinksCount: span.droppedLinksCount + droppedReferences,
    };
    out.add({ ...placed, span: counted }, marks | SPAN_MARK.mended);
  }

  #begin(parts: Parts): void {
    this.#parts = parts;
    this.#resource = fromJaegerProcess(this.#process(new this.#Reader(this.#bytes, parts.process)));
    this.#input = new this.#Reader(this.#bytes, parts.spans);
    this.#left = this.#input.listBegin().size;
  }

  /** Process { 1: string serviceName, 2: list<Tag> tags } */
  #process(input: ThriftReader): JaegerProcess {
    const reader = new ThriftTags();
    let serviceName = "";
    let tags: JaegerTag[] = [];
    input.structBegin();
    for (let field = input.field(); field !== undefined; field = input.field()) {
      if (field.id === 1 && field.type === T.string) serviceName = input.string();
      else if (field.id === 2 && field.type === T.list) {
        const found = reader.list(input, this.#limits.maxAttributes * TAGS_READ);
        if (found === undefined || reader.dropped > 0) reader.odd = true;
        tags = found ?? [];
      } else skip(input, field.type);
    }
    input.structEnd();
    if (reader.odd) this.#marks |= SPAN_MARK.mended;
    return { serviceName, tags };
  }
}
