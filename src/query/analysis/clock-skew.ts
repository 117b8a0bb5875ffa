import { SPAN_KIND, SPAN_MARK } from "../../model/span.ts";
import type { AnalysedTrace } from "./analysed-trace.ts";

/** What a call is looked at for. */
type CallRows = Pick<AnalysedTrace, "count" | "parent" | "start" | "duration" | "kind" | "service" | "marks">;

/** How far the clocks of a trace's services are apart. */
export interface ClockSkew {
  /** The most that a service's clock differs from its caller's, ns. */
  readonly largestNano: number;
  /** Of each row, ns: its start less this is its time by the clock of the root above it. */
  readonly ahead: Float64Array;
}

/** Clocks that differ by less are no matter, ns: some senders have whole milliseconds. */
const LEAST_SKEW = 1e6;
/** So much later than its client a server may end, ns. */
const LEAST_OVERHANG = 5e6;
/** Of the client's duration: what is less is no matter either. */
const SOME = 0.1;

/**
 * Whether a row is a server's that cannot have run when it says, by its client's clock: a server does not begin before
 * it was asked. It may end a little after its client, as its last work is its own. Differences up to `some` ns are let
 * pass.
 */
export function isOutOfStep(trace: CallRows, row: number, some = Number.POSITIVE_INFINITY): boolean {
  if (!isCall(trace, row)) return false;
  const { start, duration } = trace;
  const up = trace.parent[row] as number;
  const early = (start[up] as number) - (start[row] as number);
  const late = (duration[row] as number) <= (duration[up] as number) ? leeway(trace, row).least : 0;
  const passed = Math.min(some, SOME * (duration[up] as number));
  return early > Math.max(LEAST_SKEW, passed) || late > Math.max(LEAST_OVERHANG, passed);
}

/**
 * By how much the clocks of services that call each other differ; undefined where every call fits. Of a service that is
 * called several times, one difference makes all of its calls fit, the middle of those that do; where none does, as its
 * instances have clocks of their own, each call has its own.
 */
export function clockSkew(trace: CallRows): ClockSkew | undefined {
  const pairs = skewedPairs(trace);
  if (pairs.size === 0) return undefined;
  const ahead = new Float64Array(trace.count);
  let largestNano = 0;
  for (let row = 0; row < trace.count; row++) {
    const up = trace.parent[row] as number;
    if (up < 0) continue;
    const pair = isCall(trace, row) ? pairs.get(pairKey(trace, row)) : undefined;
    const own = pair === undefined ? 0 : differenceOf(trace, row, pair);
    ahead[row] = (ahead[up] as number) + own;
    largestNano = Math.max(largestNano, Math.abs(own));
  }
  return largestNano === 0 ? undefined : { largestNano, ahead };
}

/** What the server's clock may be ahead for all calls of a pair of services to fit, ns. */
interface Pair {
  least: number;
  most: number;
  skewed: boolean;
}

function skewedPairs(trace: CallRows): ReadonlyMap<number, Pair> {
  const pairs = new Map<number, Pair>();
  for (let row = 0; row < trace.count; row++) {
    if (!isCall(trace, row)) continue;
    const key = pairKey(trace, row);
    const pair = pairs.get(key) ?? { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY, skewed: false };
    pairs.set(key, pair);
    const { least, most } = leeway(trace, row);
    pair.least = Math.max(pair.least, least);
    pair.most = Math.min(pair.most, most);
    pair.skewed ||= isOutOfStep(trace, row);
  }
  for (const [key, { skewed }] of pairs) if (!skewed) pairs.delete(key);
  return pairs;
}

function differenceOf(trace: CallRows, row: number, pair: Pair): number {
  if (pair.least <= pair.most) return middle(pair);
  return isOutOfStep(trace, row) ? middle(leeway(trace, row)) : 0;
}

function middle({ least, most }: { readonly least: number; readonly most: number }): number {
  // A server that took longer than its client ends after it in any case.
  return least <= most ? (least + most) / 2 : most;
}

/** From what to what the server's clock may be ahead for it to run within its client, ns. */
function leeway({ parent, start, duration }: CallRows, row: number): { readonly least: number; readonly most: number } {
  const up = parent[row] as number;
  const most = (start[row] as number) - (start[up] as number);
  return { least: most + (duration[row] as number) - (duration[up] as number), most };
}

/** Whether a row is a server's below the client's of another service, and both have times. */
function isCall({ parent, kind, service, marks, duration }: CallRows, row: number): boolean {
  const up = parent[row] as number;
  if (up < 0 || kind[row] !== SPAN_KIND.server || kind[up] !== SPAN_KIND.client) return false;
  if (service[row] === service[up]) return false;
  const impossible = ((marks[row] as number) | (marks[up] as number)) & SPAN_MARK.impossibleTime;
  return impossible === 0 && (duration[row] as number) >= 0 && (duration[up] as number) >= 0;
}

function pairKey({ parent, service }: CallRows, row: number): number {
  return (service[parent[row] as number] as number) * 0x1_0000_0000 + (service[row] as number);
}
