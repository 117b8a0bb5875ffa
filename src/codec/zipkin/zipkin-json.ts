import { DecodeError } from "../decode-error.ts";
import { JSON_KIND, JsonCursor } from "../json/json-cursor.ts";
import type { MappingMemory } from "../mapping/mapping-memory.ts";
import type { SpanBatch } from "../mapping/span-batch.ts";
import { REFUSED } from "../otlp/message/id-faults.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import { addZipkinSpan } from "./add-span.ts";
import { JsonParts } from "./json-parts.ts";
import { JsonSpanReader } from "./json-span.ts";

/**
 * A list of spans in Zipkin's JSON, v2 or v1 (openzipkin/zipkin-api): which of them is told by the fields of each span.
 * Read in place, without building more than the span at hand.
 */
export class ZipkinJson {
  readonly sharedBytes = 0;
  readonly hasList = true;
  readonly #cursor: JsonCursor;
  readonly #reader: JsonSpanReader;
  /** Where spans need not be built. */
  readonly #finder: JsonParts | undefined;
  #index = 0;
  #state: "begin" | "item" | "end" = "begin";

  /** @param memory with it, most spans are written without being built */
  constructor(bytes: Uint8Array, limits: SpanLimits, memory?: MappingMemory) {
    this.#cursor = new JsonCursor(bytes);
    this.#reader = new JsonSpanReader(this.#cursor, limits);
    if (memory !== undefined) this.#finder = new JsonParts(this.#cursor, limits, memory);
    if (bytes.length === 0) this.#state = "end";
  }

  get at(): number {
    return this.#cursor.at;
  }

  *check(bytes: number): Generator<undefined, void> {
    if (this.#state === "end") return;
    const cursor = this.#cursor;
    const from = cursor.at;
    cursor.beginSkip();
    while (!cursor.skipOn(cursor.at + bytes)) yield undefined;
    cursor.finish();
    cursor.at = from;
    cursor.checked = true;
    this.#begin();
  }

  next(out: SpanBatch): boolean {
    if (this.#state === "begin") this.#begin();
    if (this.#state === "end") return false;
    const cursor = this.#cursor;
    const index = this.#index++;
    if (cursor.kind() === JSON_KIND.object) this.#span(out, index);
    else {
      const from = cursor.at;
      cursor.skip();
      const found = cursor.shown(from, cursor.at);
      out.refuse(REFUSED.unreadable, () => `spans[${index}]: expected an object, found ${found}`);
    }
    if (!cursor.moreItems()) this.#end();
    return true;
  }

  #span(out: SpanBatch, index: number): void {
    const cursor = this.#cursor;
    const finder = this.#finder;
    const from = cursor.at;
    const found = finder?.find() ?? false;
    if (found && finder?.found.write(out)) return;
    cursor.at = from;
    const read = this.#reader.read();
    if (found) finder?.found.learn(read);
    if (read.fault === undefined) addZipkinSpan(out, read);
    else out.refuse(read.fault.reason, () => `spans[${index}]${read.fault?.example()}`);
  }

  #begin(): void {
    const cursor = this.#cursor;
    this.#state = "item";
    if (cursor.kind() === JSON_KIND.array) {
      if (!cursor.enterArray()) this.#end();
      return;
    }
    const from = cursor.at;
    cursor.skip();
    cursor.finish();
    throw new DecodeError(`expected an array of spans, found ${cursor.shown(from, cursor.at)}`);
  }

  #end(): void {
    this.#state = "end";
    this.#cursor.finish();
  }
}
