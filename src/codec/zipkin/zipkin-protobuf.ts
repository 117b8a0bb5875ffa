import { bytesToHex } from "../../model/ids.ts";
import { SPAN_MARK } from "../../model/span.ts";
import { DecodeError } from "../decode-error.ts";
import type { MappingMemory } from "../mapping/mapping-memory.ts";
import type { SpanBatch } from "../mapping/span-batch.ts";
import { REFUSED } from "../otlp/message/id-faults.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import { LenientCursor } from "../otlp/wire/lenient-cursor.ts";
import { isUtf8, utf8Text } from "../utf8.ts";
import { addZipkinSpan } from "./add-span.ts";
import { ipv4Text, ipv6Text } from "./ip-text.ts";
import type { ZipkinEndpoint, ZipkinKind } from "./model.ts";
import { ProtobufParts } from "./protobuf-parts.ts";
import { TAGS_READ, ZipkinSpanFields } from "./read-span.ts";

const WORD = 0x1_0000_0000;
/** Span.Kind. */
const KINDS: readonly (ZipkinKind | undefined)[] = [undefined, "CLIENT", "SERVER", "PRODUCER", "CONSUMER"];

/**
 * zipkin.proto3's ListOfSpans (openzipkin/zipkin-api, zipkin.proto): spans 1. Fields that nobody knows are stepped
 * over; a span whose bytes are no message is refused alone.
 */
export class ZipkinProtobuf {
  readonly sharedBytes = 0;
  readonly #cursor: LenientCursor;
  readonly #maxTags: number;
  readonly #maxAnnotations: number;
  readonly #end: number;
  /** Where spans need not be built. */
  readonly #finder: ProtobufParts | undefined;
  #at = 0;
  #index = 0;
  #hasList: boolean;

  /** @param memory with it, most spans are written without being built */
  constructor(bytes: Uint8Array, limits: SpanLimits, memory?: MappingMemory) {
    this.#cursor = new LenientCursor(bytes);
    if (memory !== undefined) this.#finder = new ProtobufParts(this.#cursor, limits, memory);
    this.#maxTags = limits.maxAttributes * TAGS_READ;
    this.#maxAnnotations = limits.maxEvents;
    this.#end = bytes.length;
    this.#hasList = bytes.length === 0;
  }

  get at(): number {
    return this.#at;
  }

  get hasList(): boolean {
    return this.#hasList;
  }

  *check(bytes: number): Generator<undefined, void> {
    let pauseAt = bytes;
    for (let at = 0; this.#next(at); at = this.#cursor.end) {
      if (at < pauseAt) continue;
      pauseAt = at + bytes;
      yield undefined;
    }
  }

  next(out: SpanBatch): boolean {
    const cursor = this.#cursor;
    while (this.#next(this.#at)) {
      this.#at = cursor.end;
      if (cursor.tag !== 0x0a) continue;
      this.#hasList = true;
      this.#add(out, this.#index++, cursor.start, cursor.end);
      return true;
    }
    return false;
  }

  #add(out: SpanBatch, index: number, start: number, end: number): void {
    const finder = this.#finder;
    const found = finder?.find(start, end) ?? false;
    if (found && finder?.found.write(out)) return;
    const fields = this.#span(start, end);
    if (found) finder?.found.learn(fields);
    if (fields.fault === undefined) addZipkinSpan(out, fields);
    else out.refuse(fields.fault.reason, () => `spans[${index}]${fields.fault?.example()}`);
  }

  #next(at: number): boolean {
    const cursor = this.#cursor;
    if (cursor.next(at, this.#end)) return true;
    if (cursor.broken) throw new DecodeError("a field of ListOfSpans is cut off or no protobuf", at);
    return false;
  }

  /**
   * Span: trace_id 1, parent_id 2, id 3, kind 4, name 5, timestamp 6, duration 7, local_endpoint 8, remote_endpoint 9,
   * annotations 10, tags 11, debug 12, shared 13.
   */
  #span(start: number, end: number): ZipkinSpanFields {
    const cursor = this.#cursor;
    const fields = new ZipkinSpanFields();
    let at = start;
    while (fields.fault === undefined && cursor.next(at, end)) {
      at = cursor.end;
      this.#field(fields);
    }
    // Fields inside it have moved the cursor: what was broken there was told already.
    if (fields.fault === undefined && at !== end) {
      fields.refuse(REFUSED.unreadable, () => `: expected a field of Span at byte ${at}, found no protobuf`);
    }
    fields.finish();
    return fields;
  }

  #field(fields: ZipkinSpanFields): void {
    const cursor = this.#cursor;
    const { start, end, low, high } = cursor;
    switch (cursor.tag) {
      case 0x0a:
        fields.setTraceId(this.#hex(), this.#shownHex(start, end));
        return;
      case 0x12:
        fields.setParent(this.#hex());
        return;
      case 0x1a:
        fields.setId(this.#hex(), this.#shownHex(start, end));
        return;
      case 0x20: {
        const kind = high === 0 ? KINDS[low] : undefined;
        fields.kind = kind;
        if (kind === undefined && (low !== 0 || high !== 0)) fields.marks |= SPAN_MARK.unknownKind;
        return;
      }
      case 0x2a:
        fields.name = this.#text(fields);
        return;
      case 0x31: {
        const micros = this.#fixed64();
        fields.setTimestamp(micros, () => String(micros));
        return;
      }
      case 0x38:
        fields.setDuration(high * WORD + low);
        return;
      case 0x42:
        fields.local = this.#endpoint(fields);
        return;
      case 0x4a:
        fields.remote = this.#endpoint(fields);
        return;
      case 0x52:
        this.#annotation(fields);
        return;
      case 0x5a:
        this.#tag(fields);
        return;
      case 0x60:
        fields.debug = low !== 0 || high !== 0;
        return;
      case 0x68:
        fields.shared = low !== 0 || high !== 0;
        return;
      default:
        return;
    }
  }

  /** Endpoint: service_name 1, ipv4 2, ipv6 3, port 4. */
  #endpoint(fields: ZipkinSpanFields): ZipkinEndpoint {
    const cursor = this.#cursor;
    const endpoint: { -readonly [Key in keyof ZipkinEndpoint]: ZipkinEndpoint[Key] } = {};
    this.#message(fields, () => {
      const { start, end, low, high } = cursor;
      if (cursor.tag === 0x0a && end > start) endpoint.serviceName = this.#text(fields);
      else if (cursor.tag === 0x12 && end - start === 4) endpoint.ipv4 = ipv4Text(cursor.bytes, start);
      else if (cursor.tag === 0x1a && end - start === 16) endpoint.ipv6 = ipv6Text(cursor.bytes, start);
      else if (cursor.tag === 0x12 || cursor.tag === 0x1a) {
        if (end > start) fields.mended();
      } else if (cursor.tag === 0x20 && high === 0 && low <= 65_535) {
        if (low > 0) endpoint.port = low;
      } else if (cursor.tag === 0x20) fields.mended();
    });
    return endpoint;
  }

  /** Annotation: timestamp 1, value 2. */
  #annotation(fields: ZipkinSpanFields): void {
    const cursor = this.#cursor;
    let timestamp = 0;
    let value = "";
    this.#message(fields, () => {
      if (cursor.tag === 0x09) timestamp = this.#fixed64();
      else if (cursor.tag === 0x12) value = this.#text(fields);
    });
    fields.addAnnotation({ timestamp, value }, this.#maxAnnotations);
  }

  /** An entry of a map: key 1, value 2. */
  #tag(fields: ZipkinSpanFields): void {
    const cursor = this.#cursor;
    let key = "";
    let value = "";
    this.#message(fields, () => {
      if (cursor.tag === 0x0a) key = this.#text(fields);
      else if (cursor.tag === 0x12) value = this.#text(fields);
    });
    fields.addTag(key, value, this.#maxTags);
  }

  /** The fields of the message at hand; what is no message is left out, as far as it can be read. */
  #message(fields: ZipkinSpanFields, take: () => void): void {
    const cursor = this.#cursor;
    const { start, end } = cursor;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      take();
    }
    if (cursor.broken) fields.mended();
  }

  /** The bytes at hand as hex; those of an id that is far too long as much of them as tells it. */
  #hex(): string {
    const { bytes, start, end } = this.#cursor;
    return bytesToHex(bytes, start, Math.min(end - start, 17));
  }

  #shownHex(start: number, end: number): () => string {
    return () =>
      end === start
        ? "none"
        : `${end - start} bytes, ${bytesToHex(this.#cursor.bytes, start, Math.min(end - start, 17))}`;
  }

  #text(fields: ZipkinSpanFields): string {
    const { bytes, start, end } = this.#cursor;
    const text = utf8Text(bytes, start, end);
    if (text.includes("\ufffd") && !isUtf8(bytes, start, end)) fields.mended();
    return text;
  }

  #fixed64(): number {
    const { bytes, start } = this.#cursor;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, 8);
    return view.getUint32(4, true) * WORD + view.getUint32(0, true);
  }
}
