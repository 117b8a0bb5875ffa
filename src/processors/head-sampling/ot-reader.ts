import type { ScanResult } from "../../codec/otlp/scan/scan-result.ts";
import {
  atLeast,
  type OtSampling,
  readOtSampling,
  traceIdRandomness,
  type U56,
} from "../../model/sampling-threshold.ts";

/** What a span's trace state says of sampling, and the randomness that decides: the trace state's or the trace id's. */
export interface SpanSampling {
  readonly ot: OtSampling;
  readonly randomness: U56;
}

const NO_OT: OtSampling = { threshold: undefined, randomness: undefined };

/** Reads the trace states of a batch's rows. The last one is remembered: the spans of one trace share theirs. */
export class OtReader {
  #lastBytes = new Uint8Array(0);
  #last: OtSampling = NO_OT;

  /** @param body the bytes that were scanned */
  read(scan: ScanResult, body: Uint8Array, row: number): SpanSampling {
    const ot = this.#ot(body, scan.traceStateStart[row] as number, scan.traceStateEnd[row] as number);
    const { traceIds, traceIndex } = scan.columns;
    return { ot, randomness: ot.randomness ?? traceIdRandomness(traceIds, (traceIndex[row] as number) * 16) };
  }

  #ot(body: Uint8Array, start: number, end: number): OtSampling {
    if (start === end) return NO_OT;
    if (!sameBytes(this.#lastBytes, body, start, end)) {
      this.#lastBytes = new Uint8Array(body.subarray(start, end));
      this.#last = readOtSampling(Buffer.from(this.#lastBytes.buffer).toString("latin1"));
    }
    return this.#last;
  }
}

/** True when the span's own threshold says that it should not have come this far: then it is no information. */
export function contradicts({ randomness, ot }: SpanSampling): boolean {
  return ot.threshold !== undefined && !atLeast(randomness, ot.threshold);
}

function sameBytes(known: Uint8Array, body: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== body[start + i]) return false;
  return true;
}
