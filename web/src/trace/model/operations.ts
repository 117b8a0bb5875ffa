import { STATUS_CODE } from "../../../../src/model/span.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";

/** All spans of one service and operation of a trace; times in ns. */
export interface OperationTimes {
  readonly service: number;
  readonly name: number;
  readonly spans: number;
  readonly errors: number;
  /** Of all durations. */
  readonly total: number;
  /** Time in which none of their children ran. */
  readonly self: number;
  readonly longest: number;
  /** The row of the longest. */
  readonly row: number;
}

/** What operations are sorted by; the largest first, names from A. */
export const OPERATION_ORDERS = ["self", "total", "longest", "spans", "errors", "name"] as const;
export type OperationOrder = (typeof OPERATION_ORDERS)[number];

type OperationColumns = Pick<TraceColumns, "count" | "service" | "name" | "names" | "duration" | "status">;

/** Every operation of a trace once, in one pass over its rows. `selfTimes`: of each row, ns. */
export function operationTimes(columns: OperationColumns, selfTimes: Float64Array): readonly OperationTimes[] {
  const found = new Map<number, { -readonly [Key in keyof OperationTimes]: OperationTimes[Key] }>();
  for (let row = 0; row < columns.count; row++) {
    const [service, name] = [columns.service[row]!, columns.name[row]!];
    const key = service * columns.names.length + name;
    let operation = found.get(key);
    if (operation === undefined) {
      operation = { service, name, spans: 0, errors: 0, total: 0, self: 0, longest: Number.NEGATIVE_INFINITY, row };
      found.set(key, operation);
    }
    const duration = columns.duration[row]!;
    operation.spans++;
    operation.total += Math.max(0, duration);
    operation.self += selfTimes[row]!;
    if (columns.status[row] === STATUS_CODE.error) operation.errors++;
    if (duration > operation.longest) {
      operation.longest = duration;
      operation.row = row;
    }
  }
  return [...found.values()];
}

/** Equal ones by their services and names. */
export function sortOperations(
  operations: readonly OperationTimes[],
  order: OperationOrder,
  { services, names }: Pick<TraceColumns, "services" | "names">,
): readonly OperationTimes[] {
  const text = ({ service, name }: OperationTimes) => `${services[service]!}\0${names[name]!}`;
  const byName = (a: OperationTimes, b: OperationTimes) => (text(a) < text(b) ? -1 : 1);
  return operations.toSorted((a, b) => (order === "name" ? byName(a, b) : b[order] - a[order] || byName(a, b)));
}
