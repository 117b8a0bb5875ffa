import { STATUS_CODE } from "../../model/span.ts";
import { type AnalysedTrace, operationAt } from "./analysed-trace.ts";
import { operationKey } from "./usual.ts";

/** Calls of one operation below one span, one after the other. */
export interface Repeat {
  /** The first of them. */
  readonly row: number;
  readonly calls: number;
  /** Those of them that failed. */
  readonly failed: number;
  /** Time in which one of them ran, within the root; ns. */
  readonly nano: number;
  /** Of the root's duration, 0 to 1. */
  readonly share: number;
}

/** A loop of calls, and tries of what failed, from so many on. */
const LEAST_CALLS = 10;
const LEAST_TRIES = 3;
const LEAST_SHARE = 0.3;
const LEAST_NANO = 20e6;
/** Calls that overlap more than this are made side by side, which is no loop. */
const MOST_OVERLAP = 0.2;

/**
 * The operation whose calls below one span, adjacent or between others, take the largest part of the root: what asks
 * for one thing many times (N+1), or tries again and again. Undefined where none takes 30 % and 20 ms.
 */
export function mainRepeat(trace: AnalysedTrace, root: number): Repeat | undefined {
  const groups = new Map<string, number[]>();
  for (let row = root + 1; row < trace.count; row++) {
    const up = trace.parent[row] as number;
    if (up < 0) continue;
    const key = `${up}\0${operationKey(operationAt(trace, row))}`;
    const rows = groups.get(key);
    if (rows === undefined) groups.set(key, [row]);
    else rows.push(row);
  }
  const rootNano = trace.duration[root] as number;
  let main: Repeat | undefined;
  for (const rows of groups.values()) {
    if (rows.length < LEAST_TRIES) continue;
    const failed = rows.filter((row) => trace.status[row] === STATUS_CODE.error).length;
    const least = 2 * failed >= rows.length ? LEAST_TRIES : LEAST_CALLS;
    if (rows.length < least) continue;
    const { busy, sum } = busyTime(trace, root, rows);
    if (busy < LEAST_NANO || busy < LEAST_SHARE * rootNano || busy < (1 - MOST_OVERLAP) * sum) continue;
    if (main === undefined || busy > main.nano) {
      main = { row: rows[0] as number, calls: rows.length, failed, nano: busy, share: busy / rootNano };
    }
  }
  return main;
}

/** Time in which one of the rows ran, and the sum of all of their times; cut to the root. Rows are by start. */
function busyTime({ start, duration }: AnalysedTrace, root: number, rows: readonly number[]) {
  const rootStart = start[root] as number;
  const rootEnd = rootStart + (duration[root] as number);
  let [busy, sum, reach] = [0, 0, rootStart];
  for (const row of rows) {
    const from = Math.max(rootStart, start[row] as number);
    const to = Math.min(rootEnd, (start[row] as number) + (duration[row] as number));
    if (to <= from) continue;
    sum += to - from;
    busy += Math.max(0, to - Math.max(from, reach));
    reach = Math.max(reach, to);
  }
  return { busy, sum };
}
