import { decodeSpan } from "../../codec/otlp/message/decode.ts";
import { withThreshold } from "../../codec/otlp/message/trace-state.ts";
import { ByteReader, fieldSet } from "../../codec/otlp/wire/wire.ts";
import { utf8Text } from "../../codec/utf8.ts";
import { findAttribute } from "../../model/any-value.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { LogBlock } from "../../model/log.ts";
import { SPAN_KIND, SPAN_KIND_NAMES, STATUS_CODE } from "../../model/span.ts";
import {
  appliedThreshold,
  durationNano,
  endNano,
  hasDuration,
  isRoot,
  shownMarks,
  startNano,
} from "../../model/span-columns.ts";
import { TIME_CLASS, timeClass } from "../../model/span-times.ts";
import type { JsonWriter } from "../json-writer.ts";
import { markWords } from "../mark-words.ts";
import { leftOutText } from "./cut-references.ts";
import { type DerivedTag, derivedTag, derivedText, TagList } from "./tag-json.ts";

const SPAN = fieldSet(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
const EVENT = fieldSet(1, 2, 3, 4);
const STATUS = fieldSet(2, 3);

const KIND_TAGS = SPAN_KIND_NAMES.map((name, kind) =>
  kind === SPAN_KIND.unspecified || kind === SPAN_KIND.internal ? [] : [derivedText("span.kind", name)],
);
const STATUS_TAGS: Readonly<Record<number, readonly DerivedTag[]>> = {
  [STATUS_CODE.ok]: [derivedText("otel.status_code", "OK")],
  [STATUS_CODE.error]: [derivedText("otel.status_code", "ERROR"), derivedTag("error", { type: "bool", value: true })],
};

/** What a span has from its trace and its group. */
export interface SpanContext {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly processId: string;
  /** Of the instrumentation scope. */
  readonly scopeTags: readonly DerivedTag[];
  /** Instead of the span's own ids, 16 hex digits. */
  readonly spanId?: string | undefined;
  readonly parentId?: string | undefined;
  /** Its references to its own trace are left out (spansToCut), and a warning says so. */
  readonly cut?: boolean | undefined;
}

/** Writes spans of one batch in Jaeger's form, from their columns and their bytes, without an object in between. */
export class SpanJson {
  readonly #writer: JsonWriter;
  readonly #batch: LogBlock;
  readonly #reader: ByteReader;
  readonly #attributes = new TagList();
  readonly #fields = new TagList();
  readonly #derived: DerivedTag[] = [];
  // Of the span that is being read; texts by their first byte and the one after the last.
  readonly #events: number[] = [];
  readonly #leftOut: string[] = [];
  #flags = 0;
  #hasLinks = false;
  #statusCode = 0;
  #nameStart = 0;
  #nameEnd = 0;
  #stateStart = 0;
  #stateEnd = 0;
  #messageStart = 0;
  #messageEnd = 0;

  constructor(writer: JsonWriter, batch: LogBlock) {
    this.#writer = writer;
    this.#batch = batch;
    this.#reader = new ByteReader(batch.body);
  }

  /** Throws DecodeError where the body is damaged. */
  write(row: number, context: SpanContext): void {
    const w = this.#writer;
    const { body, columns } = this.#batch;
    this.#read(columns.spanStart[row] as number, columns.spanEnd[row] as number);
    w.raw(`{"traceID":"${context.traceId}","spanID":"`);
    if (context.spanId === undefined) w.hex(columns.spanIds, row * 8, 8);
    else w.raw(context.spanId);
    // Jaeger's flags are sampled (1) and debug (2); bit 1 of W3C's means something else.
    w.raw((this.#flags & 1) === 1 ? '","flags":1,"operationName":' : '","flags":0,"operationName":');
    w.utf8(body, this.#nameStart, this.#nameEnd);
    this.#writeReferences(row, context);
    w.raw(',"startTime":');
    w.raw(micros(columns.startHigh[row] as number, columns.startLow[row] as number));
    w.raw(',"duration":');
    w.raw(this.#duration(row));
    w.raw(',"tags":');
    this.#attributes.write(w, this.#reader, this.#derivedTags(row, context));
    w.raw(',"logs":[');
    for (let i = 0; i < this.#events.length; i += 2) {
      if (i > 0) w.raw(",");
      this.#writeEvent(this.#events[i] as number, this.#events[i + 1] as number);
    }
    w.raw(`],"processID":"${context.processId}","warnings":`);
    const marks = shownMarks(columns, row);
    w.raw(marks === 0 && this.#leftOut.length === 0 ? "null}" : warningsJson(marks, this.#leftOut));
  }

  #read(start: number, end: number): void {
    const r = this.#reader;
    this.#attributes.clear();
    this.#events.length = 0;
    this.#flags = 0;
    this.#hasLinks = false;
    this.#statusCode = 0;
    this.#nameEnd = this.#nameStart;
    this.#stateEnd = this.#stateStart;
    this.#messageEnd = this.#messageStart;
    r.at = start;
    r.end = end;
    while (r.at < end) {
      const tag = r.tag();
      switch (tag) {
        case 0x4a: {
          const length = r.length();
          this.#attributes.add(r.at, r.at + length);
          r.at += length;
          break;
        }
        case 0x1a:
          this.#stateEnd = r.length() + r.at;
          this.#stateStart = r.at;
          r.at = this.#stateEnd;
          break;
        case 0x2a:
          this.#nameEnd = r.length() + r.at;
          this.#nameStart = r.at;
          r.at = this.#nameEnd;
          break;
        case 0x5a: {
          const length = r.length();
          this.#events.push(r.at, r.at + length);
          r.at += length;
          break;
        }
        case 0x6a:
          this.#hasLinks = true;
          r.skip(tag, 0);
          break;
        case 0x7a:
          this.#readStatus();
          break;
        case 0x85: // field 16, fixed32: (16 << 3) | 5
          this.#flags = r.fixed32();
          break;
        // Ids, kind and times are in the columns, and what was dropped is not in Jaeger's form.
        case 0x0a:
        case 0x12:
        case 0x22:
        case 0x30:
        case 0x39:
        case 0x41:
        case 0x50:
        case 0x60:
        case 0x70:
          r.skip(tag, 0);
          break;
        default:
          r.skip(tag, SPAN);
      }
    }
  }

  #readStatus(): void {
    const r = this.#reader;
    const outer = r.enter();
    while (r.at < r.end) {
      const tag = r.tag();
      if (tag === 0x12) {
        this.#messageEnd = r.length() + r.at;
        this.#messageStart = r.at;
        r.at = this.#messageEnd;
      } else if (tag === 0x18) this.#statusCode = r.varint();
      else r.skip(tag, STATUS);
    }
    r.leave(outer);
  }

  /** The fields of a span for which Jaeger has no field but a conventional tag. Valid until the next call. */
  #derivedTags(row: number, { scopeTags }: SpanContext): readonly DerivedTag[] {
    const { body, columns } = this.#batch;
    const tags = this.#derived;
    tags.length = 0;
    tags.push(...(KIND_TAGS[columns.kind[row] as number] ?? []));
    const status = STATUS_TAGS[this.#statusCode];
    if (status !== undefined) tags.push(...status);
    if (this.#messageEnd > this.#messageStart) {
      tags.push(derivedText("otel.status_description", utf8Text(body, this.#messageStart, this.#messageEnd)));
    }
    tags.push(...scopeTags);
    const threshold = appliedThreshold(columns, row);
    if (threshold !== undefined || this.#stateEnd > this.#stateStart) {
      const received = utf8Text(body, this.#stateStart, this.#stateEnd);
      const state = threshold === undefined ? received : withThreshold(received, threshold);
      if (state !== "") tags.push(derivedText("w3c.tracestate", state));
    }
    return tags;
  }

  /** The parent first, as CHILD_OF; links follow, FOLLOWS_FROM unless an OpenTracing bridge said otherwise. */
  #writeReferences(row: number, { traceId, parentId, cut }: SpanContext): void {
    const w = this.#writer;
    const { body, columns } = this.#batch;
    const hasParent = parentId !== undefined || !isRoot(columns, row);
    this.#leftOut.length = 0;
    let separator = "";
    w.raw(',"references":[');
    if (hasParent && cut === true) {
      this.#leftOut.push(`CHILD_OF ${parentId ?? bytesToHex(columns.parentIds, row * 8, 8)}`);
    } else if (hasParent) {
      w.raw(`{"refType":"CHILD_OF","traceID":"${traceId}","spanID":"`);
      if (parentId === undefined) w.hex(columns.parentIds, row * 8, 8);
      else w.raw(parentId);
      w.raw('"}');
      separator = ",";
    }
    if (this.#hasLinks) {
      for (const link of decodeSpan(body, columns.spanStart[row] as number, columns.spanEnd[row] as number).links) {
        const type = findAttribute(link.attributes, "opentracing.ref_type");
        const childOf = type?.type === "string" && type.value === "child_of";
        const refType = childOf ? "CHILD_OF" : "FOLLOWS_FROM";
        if (cut === true && link.traceId === traceId) {
          this.#leftOut.push(`${refType} ${link.spanId}`);
          continue;
        }
        w.raw(`${separator}{"refType":"${refType}","traceID":"${link.traceId}","spanID":"${link.spanId}"}`);
        separator = ",";
      }
    }
    w.raw("]");
  }

  #writeEvent(start: number, end: number): void {
    const w = this.#writer;
    const r = this.#reader;
    const fields = this.#fields;
    fields.clear();
    let low = 0;
    let high = 0;
    let name = "";
    r.at = start;
    r.end = end;
    while (r.at < end) {
      const tag = r.tag();
      if (tag === 0x09) {
        low = r.fixed32();
        high = r.fixed32();
      } else if (tag === 0x12) name = r.text();
      else if (tag === 0x1a) {
        const length = r.length();
        fields.add(r.at, r.at + length);
        r.at += length;
      } else if (tag === 0x20) r.varint();
      else r.skip(tag, EVENT);
    }
    w.raw('{"timestamp":');
    w.raw(micros(high, low));
    w.raw(',"fields":');
    fields.write(w, r, name === "" ? [] : [derivedText("event", name)]);
    w.raw("}");
  }

  /** Whole µs; 0 where the end is earlier, and where a time is impossible. */
  #duration(row: number): string {
    const { columns } = this.#batch;
    const quick = durationNano(columns, row);
    if (quick <= 0 || !hasDuration(columns, row)) return "0";
    if (quick < EXACT_QUOTIENT) return String(Math.floor(quick / 1000));
    return ((endNano(columns, row) - startNano(columns, row)) / 1000n).toString();
  }
}

/** Below, a quotient by 1000 never rounds up to the next whole number. */
const EXACT_QUOTIENT = 2 ** 51;

/** Whole µs of a time as two halves of a u64 of ns; 0 where it is none: no reader of JSON would have it right. */
function micros(high: number, low: number): string {
  if (timeClass(high, low) === TIME_CLASS.none) return "0";
  const thousands = Math.floor(high / 1000);
  return String(thousands * 2 ** 32 + Math.floor(((high - thousands * 1000) * 2 ** 32 + low) / 1000));
}

function warningsJson(marks: number, leftOut: readonly string[]): string {
  const words = [...markWords(marks)];
  if (leftOut.length > 0) words.push(leftOutText(leftOut));
  return words.length === 0 ? "null}" : `${JSON.stringify(words)}}`;
}
