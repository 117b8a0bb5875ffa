import { SPAN_MARK } from "../../model/span.ts";
import { JSON_KIND, type JsonCursor } from "../json/json-cursor.ts";
import { REFUSED } from "../otlp/message/id-faults.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import { ENDPOINT_FIELDS, NOTE, NOTE_FIELDS, SPAN, SPAN_FIELDS } from "./json-names.ts";
import { JsonTexts } from "./json-texts.ts";
import type { ZipkinEndpoint, ZipkinKind } from "./model.ts";
import { TAGS_READ, ZipkinSpanFields } from "./read-span.ts";

const KINDS: ReadonlySet<string> = new Set<ZipkinKind>(["CLIENT", "SERVER", "PRODUCER", "CONSUMER"]);

/** An annotation of either version, or a binary annotation. */
interface Note {
  key: string | undefined;
  value: string | undefined;
  timestamp: number;
  endpoint: ZipkinEndpoint | undefined;
}

/**
 * Reads one span of Zipkin's JSON after the other, whatever types its values come in. What is not as Zipkin has it
 * becomes what it plainly means, or nothing, and is marked; a span without usable ids or start, or with a list that is
 * none, has a fault.
 */
export class JsonSpanReader {
  readonly #cursor: JsonCursor;
  readonly #texts: JsonTexts;
  readonly #maxTags: number;
  readonly #maxAnnotations: number;
  #fields = new ZipkinSpanFields();

  constructor(cursor: JsonCursor, limits: SpanLimits) {
    this.#cursor = cursor;
    this.#texts = new JsonTexts(cursor);
    this.#maxTags = limits.maxAttributes * TAGS_READ;
    this.#maxAnnotations = limits.maxEvents;
  }

  /** The object at hand. */
  read(): ZipkinSpanFields {
    const cursor = this.#cursor;
    const fields = new ZipkinSpanFields();
    this.#fields = fields;
    this.#texts.odd = false;
    if (cursor.enterObject()) {
      do {
        cursor.key();
        if (fields.fault === undefined) this.#member(SPAN_FIELDS.find(cursor));
        else cursor.skip();
      } while (cursor.moreMembers());
    }
    if (this.#texts.odd) fields.mended();
    fields.finish();
    return fields;
  }

  #member(field: number): void {
    const fields = this.#fields;
    switch (field) {
      case SPAN.traceId:
        fields.setTraceId(this.#idText(), this.#shown);
        return;
      case SPAN.id:
        fields.setId(this.#idText(), this.#shown);
        return;
      case SPAN.parentId:
        fields.setParent(this.#texts.text() ?? "");
        return;
      case SPAN.name:
        fields.name = this.#texts.text();
        return;
      case SPAN.kind:
        this.#kind();
        return;
      case SPAN.timestamp:
        fields.setTimestamp(this.#texts.micros(), this.#shown);
        return;
      case SPAN.duration:
        fields.setDuration(this.#texts.micros());
        return;
      case SPAN.localEndpoint:
        fields.local = this.#endpoint();
        return;
      case SPAN.remoteEndpoint:
        fields.remote = this.#endpoint();
        return;
      case SPAN.annotations:
        this.#notes(".annotations", this.#annotation);
        return;
      case SPAN.binaryAnnotations:
        fields.isV1 = true;
        this.#notes(".binaryAnnotations", this.#binaryAnnotation);
        return;
      case SPAN.tags:
        this.#tags();
        return;
      case SPAN.debug:
        fields.debug = this.#texts.text() === "true";
        return;
      case SPAN.shared:
        fields.shared = this.#texts.text() === "true";
        return;
      default:
        this.#cursor.skip();
    }
  }

  /** The value that was just passed, for people. */
  readonly #shown = (): string => this.#texts.shown();

  #idText(): string | undefined {
    const kind = this.#cursor.kind();
    const text = this.#texts.text();
    return kind === JSON_KIND.string ? text : kind === JSON_KIND.null ? "" : undefined;
  }

  #kind(): void {
    const text = this.#texts.text()?.toUpperCase() ?? "";
    if (KINDS.has(text)) this.#fields.kind = text as ZipkinKind;
    else if (text !== "") this.#fields.marks |= SPAN_MARK.unknownKind;
  }

  #endpoint(): ZipkinEndpoint | undefined {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    if (kind !== JSON_KIND.object) {
      cursor.skip();
      if (kind !== JSON_KIND.null) this.#fields.mended();
      return undefined;
    }
    const texts: (string | undefined)[] = [];
    if (cursor.enterObject()) {
      do {
        cursor.key();
        const field = ENDPOINT_FIELDS.find(cursor);
        if (field === 0) cursor.skip();
        else texts[field] = this.#texts.text();
      } while (cursor.moreMembers());
    }
    const [, serviceName, ipv4, ipv6, portText] = texts;
    const port = Number(portText ?? 0);
    const isPort = Number.isInteger(port) && port > 0 && port <= 65_535;
    if (!isPort && port !== 0) this.#fields.mended();
    return {
      ...(serviceName ? { serviceName } : {}),
      ...(ipv4 ? { ipv4 } : {}),
      ...(ipv6 ? { ipv6 } : {}),
      ...(isPort ? { port } : {}),
    };
  }

  #notes(path: string, take: (note: Note) => void): void {
    const cursor = this.#cursor;
    if (!this.#enters(path, JSON_KIND.array, "an array")) return;
    if (!cursor.enterArray()) return;
    do {
      if (cursor.kind() === JSON_KIND.object) take(this.#note());
      else {
        cursor.skip();
        this.#fields.mended();
      }
    } while (cursor.moreItems());
  }

  #note(): Note {
    const cursor = this.#cursor;
    const note: Note = { key: undefined, value: undefined, timestamp: 0, endpoint: undefined };
    if (!cursor.enterObject()) return note;
    do {
      cursor.key();
      switch (NOTE_FIELDS.find(cursor)) {
        case NOTE.timestamp: {
          const micros = this.#texts.micros();
          if (micros === undefined) this.#fields.mended();
          note.timestamp = micros ?? 0;
          break;
        }
        case NOTE.value:
          note.value = this.#texts.text();
          break;
        case NOTE.key:
          note.key = this.#texts.text();
          break;
        case NOTE.endpoint:
          this.#fields.isV1 = true;
          note.endpoint = this.#endpoint();
          break;
        default:
          cursor.skip();
      }
    } while (cursor.moreMembers());
    return note;
  }

  readonly #annotation = ({ timestamp, value, endpoint }: Note): void =>
    this.#fields.addAnnotation({ timestamp, value: value ?? "", endpoint }, this.#maxAnnotations);

  readonly #binaryAnnotation = ({ key, value, endpoint }: Note): void =>
    this.#fields.addBinary({ key: key ?? "", value: value ?? "", endpoint }, this.#maxTags);

  #tags(): void {
    const cursor = this.#cursor;
    const fields = this.#fields;
    // An empty map of PHP's is a list.
    if (cursor.kind() === JSON_KIND.array) {
      const from = cursor.at;
      if (!cursor.enterArray()) return;
      cursor.at = from;
    }
    if (!this.#enters(".tags", JSON_KIND.object, "an object")) return;
    if (!cursor.enterObject()) return;
    do {
      cursor.key();
      const key = this.#texts.last();
      if (cursor.kind() === JSON_KIND.null) fields.mended();
      fields.addTag(key, this.#texts.text() ?? "", this.#maxTags);
    } while (cursor.moreMembers());
  }

  /** False for null, which says nothing, and for any other kind, which is a fault; then the value is passed. */
  #enters(path: string, wanted: number, expected: string): boolean {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    if (kind === wanted) return true;
    const from = cursor.at;
    cursor.skip();
    if (kind === JSON_KIND.null) return false;
    const found = cursor.shown(from, cursor.at);
    this.#fields.refuse(REFUSED.list, () => `${path}: expected ${expected}, found ${found}`);
    return false;
  }
}
