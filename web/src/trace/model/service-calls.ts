import { STATUS_CODE } from "../../../../src/model/span.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";

/** The calls from one service of a trace to another: spans of the one whose parent is a span of the other. */
export interface ServiceCalls {
  /** Positions among the columns' services. */
  readonly from: number;
  readonly to: number;
  readonly calls: number;
  readonly errors: number;
  /** Of the longest, ns, and its row. */
  readonly longest: number;
  readonly row: number;
}

/** What the spans of one service did in a trace. */
export interface ServiceShare {
  readonly service: number;
  readonly spans: number;
  readonly errors: number;
  /** Time in which none of their children ran, ns. */
  readonly self: number;
  /** The row with the most of it. */
  readonly row: number;
}

type CallColumns = Pick<TraceColumns, "count" | "parent" | "service" | "duration" | "status">;

export function serviceCalls(columns: CallColumns): readonly ServiceCalls[] {
  const found = new Map<string, { -readonly [Key in keyof ServiceCalls]: ServiceCalls[Key] }>();
  for (let row = 0; row < columns.count; row++) {
    const parent = columns.parent[row]!;
    if (parent < 0) continue;
    const [from, to] = [columns.service[parent]!, columns.service[row]!];
    if (from === to) continue;
    const key = `${from} ${to}`;
    let call = found.get(key);
    if (call === undefined) {
      call = { from, to, calls: 0, errors: 0, longest: Number.NEGATIVE_INFINITY, row };
      found.set(key, call);
    }
    call.calls++;
    if (columns.status[row] === STATUS_CODE.error) call.errors++;
    if (columns.duration[row]! > call.longest) {
      call.longest = columns.duration[row]!;
      call.row = row;
    }
  }
  return [...found.values()];
}

/** Of every service that has a span. `selfTimes`: of each row, ns. */
export function serviceShares(columns: CallColumns, selfTimes: Float64Array): readonly ServiceShare[] {
  const found = new Map<number, { -readonly [Key in keyof ServiceShare]: ServiceShare[Key] }>();
  for (let row = 0; row < columns.count; row++) {
    const service = columns.service[row]!;
    let share = found.get(service);
    if (share === undefined) {
      share = { service, spans: 0, errors: 0, self: 0, row };
      found.set(service, share);
    }
    share.spans++;
    share.self += selfTimes[row]!;
    if (columns.status[row] === STATUS_CODE.error) share.errors++;
    if (selfTimes[row]! > selfTimes[share.row]!) share.row = row;
  }
  return [...found.values()];
}
