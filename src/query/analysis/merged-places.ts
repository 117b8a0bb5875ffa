import { STATUS_CODE } from "../../model/span.ts";
import { type AnalysedTrace, type OperationName, operationAt } from "./analysed-trace.ts";
import { operationKey } from "./usual.ts";

/** What the calls of one operation at one place of a trace have in common; ns. */
export interface PlaceFigures {
  readonly calls: number;
  readonly failed: number;
  /** Durations of all of them together. */
  readonly nano: number;
  /** Of that, time in which nothing below them ran. */
  readonly selfNano: number;
  /** Of that, what held the root up: on its critical path. */
  readonly pathNano: number;
  /** The longest of them. */
  readonly row: number;
}

export const SIDES = ["a", "b"] as const;
export type Side = (typeof SIDES)[number];

/** Where in the structure: an operation below the same operations. */
export interface ComparedPlace {
  readonly operation: OperationName;
  /** Position of a place before it; -1 for what stands on top. */
  readonly parent: number;
  readonly depth: number;
  /** Absent where the trace has no such call there. */
  readonly a?: PlaceFigures;
  readonly b?: PlaceFigures;
}

/** What is added up of one trace. Arrays are by row. */
export interface MeasuredTrace {
  readonly trace: AnalysedTrace;
  readonly self: Float64Array;
  readonly path: Float64Array;
}

interface OpenPlace {
  readonly operation: OperationName;
  readonly parent: number;
  readonly depth: number;
  readonly children: number[];
  readonly sides: Partial<Record<Side, { -readonly [Key in keyof PlaceFigures]: PlaceFigures[Key] }>>;
}

/**
 * Both traces as one tree of places, in pre-order: a place, then those below it as they first came. Without recursion,
 * in time and memory that grow with the spans.
 */
export function mergedPlaces(measured: Readonly<Record<Side, MeasuredTrace>>): ComparedPlace[] {
  const places: OpenPlace[] = [];
  const known = new Map<string, number>();
  for (const side of SIDES) addSide(places, known, side, measured[side]);
  return inPreOrder(places);
}

function addSide(
  places: OpenPlace[],
  known: Map<string, number>,
  side: Side,
  { trace, self, path }: MeasuredTrace,
): void {
  const placeOf = new Int32Array(trace.count);
  for (let row = 0; row < trace.count; row++) {
    const up = trace.parent[row] as number;
    const parent = up < 0 ? -1 : (placeOf[up] as number);
    const operation = operationAt(trace, row);
    const key = `${parent}\0${operationKey(operation)}`;
    const at = known.get(key) ?? places.length;
    placeOf[row] = at;
    if (at === places.length) {
      known.set(key, at);
      const above = places[parent];
      places.push({ operation, parent, depth: above === undefined ? 0 : above.depth + 1, children: [], sides: {} });
      above?.children.push(at);
    }
    const { sides } = places[at] as OpenPlace;
    sides[side] ??= { calls: 0, failed: 0, nano: 0, selfNano: 0, pathNano: 0, row };
    const sums = sides[side];
    const nano = Math.max(0, trace.duration[row] as number);
    sums.calls++;
    sums.nano += nano;
    sums.selfNano += self[row] as number;
    sums.pathNano += path[row] as number;
    if (trace.status[row] === STATUS_CODE.error) sums.failed++;
    if (nano > (trace.duration[sums.row] as number)) sums.row = row;
  }
}

function inPreOrder(places: readonly OpenPlace[]): ComparedPlace[] {
  const sorted: ComparedPlace[] = [];
  const positions = new Int32Array(places.length);
  const waiting = places.flatMap(({ parent }, at) => (parent < 0 ? [at] : [])).reverse();
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const { operation, parent, depth, children, sides } = places[at] as OpenPlace;
    positions[at] = sorted.length;
    sorted.push({ operation, parent: parent < 0 ? -1 : (positions[parent] as number), depth, ...sides });
    for (let i = children.length - 1; i >= 0; i--) waiting.push(children[i] as number);
  }
  return sorted;
}
