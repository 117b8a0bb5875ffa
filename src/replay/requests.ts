import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import { encodeTraces } from "../codec/otlp/message/encode.ts";
import { NO_SPAN_LIMITS } from "../codec/otlp/message/span-limits.ts";
import { TraceScanner } from "../codec/otlp/scan/scan.ts";
import type { LogFragment } from "../model/log.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import type { RecordedLine } from "./recording.ts";
import { type Rewrite, rewriteTraces } from "./rewrite.ts";

/** Which traces are sent, by their ids in hex. */
export type TraceChoice = ReadonlySet<string> | undefined;

/** What targets take. */
export interface LineRequest {
  readonly spans: LogFragment;
  /** To be called when nobody looks at the spans any more: their columns are used again. */
  release(): void;
}

/** Makes requests of lines. */
export class RequestMaker {
  readonly #idle: TraceScanner[] = [];

  /** The spans of a line, as they are. */
  read({ body }: RecordedLine): LineRequest {
    return this.#scan(body);
  }

  /** Those of the chosen traces, and as the rewrite has them; none is undefined. What was read is released with it. */
  change(read: LineRequest, choice: TraceChoice, rewrite: Rewrite): LineRequest | undefined {
    const { block, rows } = read.spans;
    const chosen = { block, rows: choice === undefined ? rows : chosenRows(block.columns, rows, choice) };
    if (chosen.rows.length > 0 && rewrite.shiftNano === 0n && rewrite.idSeed === undefined) {
      return { spans: chosen, release: () => read.release() };
    }
    const body =
      chosen.rows.length === 0
        ? undefined
        : encodeTraces(rewriteTraces(decodeTraces(materialiseBody([chosen])), rewrite));
    read.release();
    return body === undefined ? undefined : this.#scan(body);
  }

  #scan(body: Uint8Array): LineRequest {
    const scanner = this.#idle.pop() ?? new TraceScanner(NO_SPAN_LIMITS);
    const { columns } = scanner.scan(body);
    const rows = Array.from({ length: columns.count }, (_, row) => row);
    return {
      spans: { block: { next: { segment: 0, block: 1 }, receivedAtMs: 0, body, columns }, rows },
      release: () => this.#idle.push(scanner),
    };
  }
}

function chosenRows(columns: SpanColumns, rows: readonly number[], choice: ReadonlySet<string>): readonly number[] {
  const ids = Buffer.from(columns.traceIds.buffer, columns.traceIds.byteOffset, columns.traceIds.byteLength);
  const known = new Map<number, boolean>();
  return rows.filter((row) => {
    const index = columns.traceIndex[row] as number;
    let chosen = known.get(index);
    if (chosen === undefined) {
      chosen = choice.has(ids.toString("hex", index * 16, index * 16 + 16));
      known.set(index, chosen);
    }
    return chosen;
  });
}

/** Latest end, ns since the epoch, of spans with times; 0 without one. */
export function latestEnd({ block, rows }: LogFragment): bigint {
  const { startLow, startHigh, endLow, endHigh } = block.columns;
  let [high, low] = [0, 0];
  const see = (h: number, l: number) => {
    if (h > high || (h === high && l > low)) [high, low] = [h, l];
  };
  for (const row of rows) {
    see(startHigh[row] as number, startLow[row] as number);
    see(endHigh[row] as number, endLow[row] as number);
  }
  return (BigInt(high) << 32n) | BigInt(low);
}
