import { DecodeError } from "../../codec/decode-error.ts";
import { readJaegerJson } from "../../codec/jaeger/jaeger-json.ts";
import { JSON_KIND, JsonCursor } from "../../codec/json/json-cursor.ts";
import { MappedBatch } from "../../codec/mapping/mapped-batch.ts";
import { splitBody } from "../../codec/otlp/cut/split.ts";
import { JsonTraces } from "../../codec/otlp/json/json-in.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { Refusals } from "../../codec/otlp/message/refusals.ts";
import { DEFAULT_SPAN_LIMITS } from "../../codec/otlp/message/span-limits.ts";
import { ZipkinJson } from "../../codec/zipkin/zipkin-json.ts";
import { messageOf } from "../../model/message-of.ts";
import { BlockMaker, type ReadPiece } from "./block-maker.ts";
import { LocalTraces } from "./local-traces.ts";

/** Largest file that is read, bytes, also after inflating: it is held in memory twice while it is read. */
export const MAX_FILE_BYTES = 256 << 20;

/** What a file held. */
export interface ReadFile {
  readonly traces: LocalTraces;
  /** What it was read as: `OTLP JSON`. */
  readonly format: string;
  readonly spans: number;
  /** Spans and lines that could not be read, with places; "" where all could. */
  readonly notes: string;
}

/** About so much is made a block at once, bytes. */
const PIECE_BYTES = 1 << 20;
const OPEN_LIST = "[".charCodeAt(0);
const OPEN_OBJECT = "{".charCodeAt(0);
const EXPECTED = "expected OTLP as JSON, JSON Lines or protobuf, or the JSON of Jaeger or Zipkin";

/**
 * Reads a file of traces, whatever of these formats it has: OTLP as JSON (also Tempo's and Jaeger's envelopes of it),
 * JSON Lines or protobuf; Jaeger's JSON; Zipkin's JSON, a trace or a list of them.
 * @throws DecodeError that says what was expected, and where it was not so
 */
export function readTraceFile(bytes: Uint8Array): ReadFile {
  const first = firstByte(bytes);
  if (first === undefined) throw new DecodeError(`the file is empty; ${EXPECTED}`);
  const reading = new FileReading();
  if (first === OPEN_OBJECT || first === OPEN_LIST) reading.json(bytes);
  else reading.protobuf(bytes);
  return reading.finish();
}

class FileReading {
  readonly #traces = new LocalTraces();
  readonly #refusals = new Refusals();
  readonly #maker = new BlockMaker(this.#refusals);
  readonly #formats = new Set<string>();
  #spans = 0;

  /** One value or several, a line each or not. What of several cannot be read is left out and noted. */
  json(bytes: Uint8Array): void {
    const values = jsonValues(bytes);
    const [only, ...more] = values;
    if (only === undefined) throw new DecodeError(EXPECTED);
    if (more.length === 0) {
      this.#value(only);
      return;
    }
    values.forEach((value, index) => {
      try {
        this.#value(value);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        this.#refusals.note(() => `line ${index + 1}: ${error.message}`);
      }
    });
  }

  protobuf(bytes: Uint8Array): void {
    this.#formats.add("OTLP protobuf");
    try {
      for (const piece of splitBody(bytes, PIECE_BYTES)) this.#add(piece);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new DecodeError(`the file is neither JSON nor OTLP protobuf (${error.message}); ${EXPECTED}`);
    }
  }

  finish(): ReadFile {
    if (this.#spans === 0) {
      const notes = this.#refusals.message;
      throw new DecodeError(`the file holds no spans; ${notes === "" ? EXPECTED : notes}`);
    }
    return {
      traces: this.#traces,
      format: [...this.#formats].join(" and "),
      spans: this.#spans,
      notes: this.#refusals.message,
    };
  }

  #value(bytes: Uint8Array): void {
    const shape = shapeOf(bytes);
    switch (shape.kind) {
      case "otlp":
        this.#formats.add("OTLP JSON");
        for (const piece of new JsonTraces(shape.bytes, DEFAULT_SPAN_LIMITS, this.#refusals).pieces(PIECE_BYTES)) {
          this.#add(piece);
        }
        return;
      case "zipkin":
        this.#formats.add("Zipkin JSON");
        for (const list of shape.lists) {
          const batch = new MappedBatch(new ZipkinJson(list, DEFAULT_SPAN_LIMITS), this.#refusals);
          for (const piece of batch.pieces(PIECE_BYTES)) this.#add(piece);
        }
        return;
      case "jaeger":
        this.#formats.add("Jaeger JSON");
        this.#add({ body: encodeTraces(readJaegerJson(parsed(bytes), this.#refusals)) });
        return;
      case "unknown":
        throw new DecodeError(`${EXPECTED}, found ${shape.found}`);
    }
  }

  #add(piece: ReadPiece | undefined): void {
    if (piece === undefined) return;
    const block = this.#maker.make(piece);
    this.#spans += block.columns.count;
    this.#traces.add(block);
  }
}

type Shape =
  | { readonly kind: "otlp"; readonly bytes: Uint8Array }
  | { readonly kind: "zipkin"; readonly lists: readonly Uint8Array[] }
  | { readonly kind: "jaeger" }
  | { readonly kind: "unknown"; readonly found: string };

/** Names of the field around `resourceSpans` in answers of Jaeger's and Tempo's APIs. */
const ENVELOPES = new Set(["result", "trace", "traces"]);

/** What a JSON value is, by the names of its outermost fields. */
function shapeOf(bytes: Uint8Array): Shape {
  const cursor = new JsonCursor(bytes);
  if (cursor.kind() === JSON_KIND.array) return { kind: "zipkin", lists: listsOf(cursor) };
  if (cursor.kind() !== JSON_KIND.object) return { kind: "unknown", found: cursor.shown(cursor.at, bytes.length) };
  const names: string[] = [];
  for (let more = cursor.enterObject(); more; more = cursor.moreMembers()) {
    cursor.key();
    const name = new TextDecoder().decode(bytes.subarray(cursor.start, cursor.end));
    names.push(name);
    cursor.kind();
    const from = cursor.at;
    cursor.skip();
    if (ENVELOPES.has(name)) return shapeOf(bytes.subarray(from, cursor.at));
    if (name === "batches") return { kind: "otlp", bytes: renamed(bytes.subarray(from, cursor.at)) };
    if (/^resource_?(?:spans|logs|metrics|profiles)$/i.test(name)) return { kind: "otlp", bytes };
  }
  if (names.includes("data") || (names.includes("spans") && names.includes("processes"))) return { kind: "jaeger" };
  return { kind: "unknown", found: `an object of ${names.slice(0, 5).join(", ") || "nothing"}` };
}

/** Tempo's `batches` are OTLP's `resourceSpans`. */
function renamed(list: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode('{"resourceSpans":');
  const bytes = new Uint8Array(head.length + list.length + 1);
  bytes.set(head);
  bytes.set(list, head.length);
  bytes[bytes.length - 1] = "}".charCodeAt(0);
  return bytes;
}

/** A list of spans, or the lists that it holds. */
function listsOf(cursor: JsonCursor): Uint8Array[] {
  const { bytes, at } = cursor;
  if (!cursor.enterArray() || cursor.kind() !== JSON_KIND.array) return [bytes.subarray(at)];
  const lists: Uint8Array[] = [];
  do {
    cursor.kind();
    const from = cursor.at;
    cursor.skip();
    lists.push(bytes.subarray(from, cursor.at));
  } while (cursor.moreItems());
  return lists;
}

/** JSON values that follow each other. Throws DecodeError where the first is none; a later one that is none ends it. */
function jsonValues(bytes: Uint8Array): Uint8Array[] {
  const values: Uint8Array[] = [];
  const cursor = new JsonCursor(bytes);
  while (firstByte(bytes.subarray(cursor.at)) !== undefined) {
    cursor.kind();
    const from = cursor.at;
    try {
      cursor.skip();
    } catch (error) {
      // A file that was cut off: what is whole of it is read, and the rest told of by whoever reads that.
      if (values.length === 0 || !(error instanceof DecodeError)) throw error;
      return [...values, bytes.subarray(from)];
    }
    values.push(bytes.subarray(from, cursor.at));
  }
  return values;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new DecodeError(`no JSON: ${messageOf(error)}`);
  }
}

/** The first byte that is no white space and no byte order mark. */
function firstByte(bytes: Uint8Array): number | undefined {
  const skipped = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);
  return bytes.find((byte) => !skipped.has(byte));
}
