import type { TracesData } from "../../src/model/span.ts";

/** Where the ids and the times of every span stand in a body. */
export interface BodyPlaces {
  readonly ids: readonly number[];
  readonly times: readonly number[];
}

/** How a format writes ids and times. */
export interface Spelling {
  readonly traceId: (hex: string) => string | Uint8Array;
  readonly spanId: (hex: string) => string | Uint8Array;
  readonly start: (micros: bigint) => string | Uint8Array;
}

/** Each id and start is looked for behind the span before, in which order a span has them does not matter. */
export function findPlaces(body: Buffer, traces: TracesData, spell: Spelling): BodyPlaces {
  const ids: number[] = [];
  const times: number[] = [];
  let from = 0;
  for (const { scopeSpans } of traces) {
    for (const { spans } of scopeSpans) {
      for (const span of spans) {
        const found = [
          find(body, spell.traceId(span.traceId), from),
          find(body, spell.spanId(span.spanId), from),
          ...(span.parentSpanId === "" ? [] : [find(body, spell.spanId(span.parentSpanId), from)]),
        ];
        const time = find(body, spell.start(span.startTimeUnixNano / 1000n), from);
        ids.push(...found);
        times.push(time);
        from = Math.max(...found, time);
      }
    }
  }
  return { ids, times };
}

function find(body: Buffer, what: string | Uint8Array, from: number): number {
  const at = body.indexOf(what, from, "latin1");
  if (at < 0) throw new Error(`a body of the load has no ${String(what)} behind byte ${from}`);
  return at;
}
