import { drawn } from "./drawn.ts";
import { GrowingNumbers } from "./growing-numbers.ts";
import { NO_PATH, PathTree } from "./path-tree.ts";
import { MOST_FIGURES, type PathFigures, type RunPopulation } from "./population.ts";
import type { RunOperation, SpanTable } from "./span-table.ts";
import { NO_PARENT, ParentFinder, rowsByTrace } from "./trace-rows.ts";

/** Digits of calls that are told apart: 3.33 calls for each call of the parent. */
const CALL_DIGITS = 3;

interface OpenPath {
  readonly id: number;
  traces: number;
  spans: number;
  failedTraces: number;
  totalSelf: number;
  hasChildren: boolean;
  readonly calls: Map<number, number>;
  readonly duration: GrowingNumbers<Float64Array>;
  readonly self: GrowingNumbers<Float64Array>;
  /** Of the trace at hand. */
  trace: number;
  inTrace: { calls: number; failed: number; duration: number; self: number };
}

/** Puts the spans of a run together by trace and by operation path. Equal tables give equal populations. */
export function buildPopulation(table: SpanTable): RunPopulation {
  return new PopulationBuilder(table).build();
}

class PopulationBuilder {
  readonly #table: SpanTable;
  readonly #tree = new PathTree();
  readonly #paths: OpenPath[] = [];
  readonly #start: Float64Array;
  readonly #duration: Float64Array;
  #parents = new Int32Array(0);
  #pathOf = new Int32Array(0);
  /** Up to when children have covered a span, ns. */
  #covered = new Float64Array(0);
  #self = new Float64Array(0);
  #spans = 0;
  #orphans = 0;
  #leftOut = 0;

  constructor(table: SpanTable) {
    this.#table = table;
    this.#start = table.start.view();
    this.#duration = table.duration.view();
  }

  build(): RunPopulation {
    const { begin, rows } = rowsByTrace(this.#table);
    const finder = new ParentFinder(this.#table);
    const firstOf = (trace: number) => this.#start[rows[begin[trace] as number] as number] as number;
    const order = Uint32Array.from({ length: this.#table.traces }, (_, i) => i);
    order.sort((a, b) => firstOf(a) - firstOf(b) || a - b);
    for (const trace of order) {
      const ofTrace = rows.subarray(begin[trace], begin[trace + 1]);
      this.#makeRoom(ofTrace.length);
      finder.find(ofTrace, this.#parents);
      this.#selfTimes(ofTrace);
      this.#addTrace(trace, ofTrace);
    }
    const first = order[0];
    return {
      traces: this.#table.traces,
      spans: this.#spans,
      startUnixNano: this.#table.base + BigInt(Math.round(first === undefined ? 0 : firstOf(first))),
      orphans: this.#orphans,
      leftOut: this.#leftOut,
      paths: this.#paths.map((path, id) => this.#figures(path, id)),
    };
  }

  #makeRoom(count: number): void {
    if (this.#parents.length >= count) return;
    const size = Math.max(count, 2 * this.#parents.length);
    this.#parents = new Int32Array(size);
    this.#pathOf = new Int32Array(size);
    this.#covered = new Float64Array(size);
    this.#self = new Float64Array(size);
  }

  /** Duration without the time in which at least one child runs. Rows are by start, so children come in that order. */
  #selfTimes(rows: Uint32Array): void {
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      this.#self[at] = this.#duration[row] as number;
      this.#covered[at] = this.#start[row] as number;
    }
    for (let at = 0; at < rows.length; at++) {
      const up = this.#parents[at] as number;
      if (up < 0) continue;
      const above = rows[up] as number;
      const end = (this.#start[above] as number) + (this.#duration[above] as number);
      const row = rows[at] as number;
      const from = Math.max(this.#start[row] as number, this.#covered[up] as number);
      const to = Math.min((this.#start[row] as number) + (this.#duration[row] as number), end);
      if (to <= from) continue;
      this.#self[up] = (this.#self[up] as number) - (to - from);
      this.#covered[up] = to;
    }
  }

  #addTrace(trace: number, rows: Uint32Array): void {
    const touched: OpenPath[] = [];
    const operationOf = this.#table.operationOf.view();
    const failed = this.#table.failed.view();
    this.#pathOf.fill(UNKNOWN, 0, rows.length);
    for (let at = 0; at < rows.length; at++) {
      const parent = this.#parents[at] as number;
      if (parent === NO_PARENT.repeated) continue;
      this.#spans++;
      if (parent === NO_PARENT.missing) this.#orphans++;
      const path = this.#resolve(at, rows, operationOf);
      if (path === LEFT_OUT) {
        this.#leftOut++;
        continue;
      }
      const open = this.#openPath(path);
      if (open.trace !== trace) {
        open.trace = trace;
        open.inTrace = { calls: 0, failed: 0, duration: 0, self: 0 };
        touched.push(open);
      }
      const row = rows[at] as number;
      const { inTrace } = open;
      inTrace.calls++;
      inTrace.failed += failed[row] as number;
      inTrace.duration += this.#duration[row] as number;
      inTrace.self += this.#self[at] as number;
      if (parent >= 0) (this.#paths[this.#pathOf[parent] as number] as OpenPath).hasChildren = true;
    }
    for (const open of touched) this.#closeTrace(open);
  }

  /** The path of a row, by way of its ancestors, which need not stand before it. */
  #resolve(at: number, rows: Uint32Array, operationOf: Uint32Array): number {
    const known = this.#pathOf[at] as number;
    if (known !== UNKNOWN) return known;
    const way: number[] = [];
    let up = at;
    for (; up >= 0 && this.#pathOf[up] === UNKNOWN; up = this.#parents[up] as number) way.push(up);
    let path: number = up < 0 ? NO_PATH : (this.#pathOf[up] as number);
    for (const one of way.toReversed()) {
      const operation = operationOf[rows[one] as number] as number;
      path = path === LEFT_OUT ? LEFT_OUT : (this.#tree.pathOf(path, operation) ?? LEFT_OUT);
      this.#pathOf[one] = path;
      if (path !== LEFT_OUT) this.#openPath(path);
    }
    return path;
  }

  #openPath(path: number): OpenPath {
    const known = this.#paths[path];
    if (known !== undefined) return known;
    const made: OpenPath = {
      id: path,
      traces: 0,
      spans: 0,
      failedTraces: 0,
      totalSelf: 0,
      hasChildren: false,
      calls: new Map(),
      duration: new GrowingNumbers(Float64Array),
      self: new GrowingNumbers(Float64Array),
      trace: -1,
      inTrace: { calls: 0, failed: 0, duration: 0, self: 0 },
    };
    this.#paths[path] = made;
    return made;
  }

  #closeTrace(open: OpenPath): void {
    const { calls, failed, duration, self } = open.inTrace;
    open.traces++;
    open.spans += calls;
    if (failed > 0) open.failedTraces++;
    open.totalSelf += self;
    open.duration.push(duration / calls);
    open.self.push(self / calls);
    const parent = this.#tree.parent[open.id] as number;
    const parentCalls = parent === NO_PATH ? 1 : (this.#paths[parent] as OpenPath).inTrace.calls;
    const ratio = callRatio(calls, parentCalls);
    open.calls.set(ratio, (open.calls.get(ratio) ?? 0) + 1);
  }

  #figures(open: OpenPath, id: number): PathFigures {
    const operation = this.#table.operations[this.#tree.operation[id] as number] as RunOperation;
    const durationNano = drawn(open.duration.view(), MOST_FIGURES);
    return {
      ...operation,
      parent: this.#tree.parent[id] as number,
      traces: open.traces,
      spans: open.spans,
      failedTraces: open.failedTraces,
      calls: new Map([...open.calls].sort(([a], [b]) => a - b)),
      durationNano,
      selfNano: open.hasChildren ? drawn(open.self.view(), MOST_FIGURES) : durationNano,
      totalSelfNano: open.totalSelf,
    };
  }
}

/** Marks of rows in `#pathOf`. */
const UNKNOWN = -2;
const LEFT_OUT = -3;

/** To so many digits that a run of any size has few different ones. */
function callRatio(calls: number, parentCalls: number): number {
  const ratio = calls / parentCalls;
  return Number.isInteger(ratio) && ratio < 10 ** CALL_DIGITS ? ratio : Number(ratio.toPrecision(CALL_DIGITS));
}
