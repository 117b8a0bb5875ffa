import { resourceJson, scopeJson, spanToJson } from "../../codec/otlp/json/json-out.ts";
import type { LogFragment } from "../../model/log.ts";
import type { SpanRecord } from "../../model/span.ts";
import type { JsonWriter } from "../json-writer.ts";
import { spanRuns } from "./shown-records.ts";

/**
 * Writes traces as api_v3's HTTP gateway does: all in one OTLP/JSON TracesData, `{"result":{"resourceSpans":[…]}}`,
 * with ids in hex, enums as numbers and 64-bit integers as text.
 */
export class OtlpAnswer {
  readonly #writer: JsonWriter;
  readonly #signal: AbortSignal;
  #separator = "";

  constructor(writer: JsonWriter, signal: AbortSignal) {
    this.#writer = writer;
    this.#signal = signal;
    writer.raw('{"result":{"resourceSpans":[');
  }

  /** Writes a trace; after every few spans the writer may be emptied. Throws as `spanRuns` does. */
  *steps(fragments: readonly LogFragment[], raw: boolean): Generator<void, void, void> {
    const w = this.#writer;
    let last: SpanRecord | undefined;
    for (const { records, goesOn } of spanRuns(fragments, raw ? "raw" : "shown", this.#signal)) {
      const first = records[0] as SpanRecord;
      if (!goesOn) {
        if (last !== undefined) this.#end(last);
        w.raw(`${this.#separator}{"resource":${resourceJson(first.resource)},`);
        w.raw(`"scopeSpans":[{"scope":${scopeJson(first.scope)},"spans":[`);
        this.#separator = ",";
      }
      records.forEach(({ span }, index) => {
        if (goesOn || index > 0) w.raw(",");
        w.raw(spanToJson(span));
      });
      last = first;
      yield;
    }
    if (last !== undefined) this.#end(last);
  }

  /** After the last trace. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#writer.raw("]}}");
    return this.#writer.finish();
  }

  #end({ scopeSchemaUrl, resourceSchemaUrl }: SpanRecord): void {
    const scope = scopeSchemaUrl === "" ? "" : `,"schemaUrl":${JSON.stringify(scopeSchemaUrl)}`;
    const resource = resourceSchemaUrl === "" ? "" : `,"schemaUrl":${JSON.stringify(resourceSchemaUrl)}`;
    this.#writer.raw(`]${scope}}]${resource}}`);
  }
}
