import { type Counter, type MetricSample, Metrics } from "../../component/metrics.ts";
import { traceIdHash } from "../../model/attribute-hash.ts";
import { bucketOf, ExponentialHistogram } from "../../model/exponential-histogram.ts";
import type { TraceKeyStart } from "../../model/ids.ts";
import { SPAN_KIND, SPAN_MARK, STATUS_CODE } from "../../model/span.ts";
import { durationNano, type SpanColumns, type SpanGroup } from "../../model/span-columns.ts";
import { MINUTE_MS } from "../../model/time.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { AdjustedCounts } from "./adjusted-counts.ts";
import { DependencyTable, type HourlyCalls, prepareDependencies } from "./dependency-table.ts";
import { JoinWindow, type WindowSpan } from "./join-window.ts";
import { NewestReceived, ReceivedHours } from "./received-hours.ts";
import { isFar, startMinute } from "./start-bucket.ts";

/** What is counted of a batch or a row of the log. */
export interface CountedBlock {
  /** ms since the epoch. */
  readonly receivedAtMs: number;
  readonly columns: SpanColumns;
}

export interface DependencySettings {
  /** Spans remembered for joining; a power of two. About 73 bytes each. */
  readonly windowSpans: number;
  /** Spans received longer ago are no longer joined, ms. */
  readonly windowMs: number;
  /** Absent: 0. */
  readonly traceKeyFrom?: TraceKeyStart;
}

export const DEFAULT_DEPENDENCIES: DependencySettings = { windowSpans: 2 ** 18, windowMs: 10 * MINUTE_MS };

/** Of spans whose start is not to be believed; no call falls into the first hour of the epoch. */
const NO_HOUR = 0;
/**
 * Distinct service names known at once; beyond it the window starts afresh, so that made-up names cannot fill memory.
 */
const MAX_SERVICES = 50_000;

interface Calls {
  calls: number;
  errors: number;
  readonly durations: ExponentialHistogram;
}

/** By hour, parent and child service: three maps of small integers, whose look-ups do not allocate. */
type Pending = Map<number, Map<number, Map<number, Calls>>>;

/**
 * Counts calls between services: a span whose parent is a span of another service is one call from that service to its
 * own, whatever the kinds; a server span that shares its id with a client span of another service is one as well. It
 * counts as many as the child stands for by its sampling threshold, as one where there is none. An error is a call
 * whose child has the status error. Parents and children find each other within a bounded window, in any order and
 * across batches; a span that comes again with the same times counts once inside it; what leaves it without its parent
 * is `unmatched`.
 *
 * Counts are kept exactly when the owner calls `flush` in the transaction that stores its cursor. The window is not
 * stored: after a restart the owner hands the rows before its cursor to `remember`, as many as make up the window, and
 * goes on from the cursor; then only pairs further apart than the window are missed, as they are without a restart.
 */
export class DependencyAggregator {
  readonly #settings: DependencySettings;
  readonly #window: JoinWindow;
  readonly #table = new DependencyTable();
  readonly #adjusted = new AdjustedCounts();
  readonly #hours = new ReceivedHours("dependencies");
  /** Of all spans, as the call of one may be known long after it came. */
  readonly #received = new NewestReceived();
  readonly #services = new Map<string, number>();
  #names: string[] = [];
  #pending: Pending = new Map();
  #flushed: Pending = new Map();
  #counting = true;
  #duplicates = 0;
  #leftOut = 0;
  readonly #summed: Counter;
  readonly #span: WindowSpan = {
    trace: 0,
    idLow: 0,
    idHigh: 0,
    parentLow: 0,
    parentHigh: 0,
    kind: SPAN_KIND.unspecified,
    service: 0,
    hour: 0,
    error: false,
    duration: 0,
    fingerprint: 0,
    count: 1,
  };

  constructor(settings: DependencySettings = DEFAULT_DEPENDENCIES, metrics: Metrics = new Metrics()) {
    this.#settings = settings;
    this.#summed = metrics.counter(
      "spanloom_dependencies_overflow_calls_total",
      "Calls kept as ones between (other services), as too many services call each other.",
    );
    metrics.onSnapshot(() => [
      sample(
        "unmatched_spans",
        "Spans whose parent did not come while they were remembered: no call is known.",
        this.unmatched,
      ),
      sample("duplicate_spans", "Spans that came again and are no further call.", this.#duplicates),
      sample(
        "left_out_calls",
        "Calls that are not counted, as their start is impossible or far from its receipt.",
        this.#leftOut,
      ),
    ]);
    this.#window = new JoinWindow(settings.windowSpans, (parent, child, hour, error, duration, count) => {
      if (!this.#counting) return;
      if (hour === NO_HOUR) {
        this.#leftOut += Math.sign(count);
        return;
      }
      const calls = callsOf(this.#pending, hour, parent, child);
      calls.calls += count;
      if (error) calls.errors += count;
      calls.durations.addBucket(duration, count);
    });
  }

  /** Spans that left the window without their parent, and duplicates met, since this was made. */
  get unmatched(): number {
    return this.#window.unmatched;
  }
  get duplicates(): number {
    return this.#duplicates;
  }
  /** Spans in the window. */
  get remembered(): number {
    return this.#window.size;
  }

  /** Joins and counts the rows of a batch, or the given ones. Batches come in log order. */
  consume(block: CountedBlock, rows?: readonly number[]): void {
    this.#window.dropBefore(block.receivedAtMs - this.#settings.windowMs);
    this.#flushed = new Map();
    if (this.#services.size > MAX_SERVICES && this.#pending.size === 0) this.#startAfresh();
    this.#take(block.columns, block.receivedAtMs, rows);
  }

  /** Fills the window with rows whose calls are counted already. */
  remember(block: CountedBlock, rows?: readonly number[]): void {
    this.#counting = false;
    try {
      this.consume(block, rows);
    } finally {
      this.#counting = true;
    }
  }

  /**
   * Adds what was counted since the last flush to the table. To be called inside the transaction that stores the
   * cursor; when that is rolled back, call `undoFlush` before the next batch.
   */
  flush(db: SqlDatabase): void {
    this.#summed.add(this.#table.add(db, this.#hourly()));
    for (const hour of this.#pending.keys()) this.#hours.note(db, hour, this.#received.of(hour));
    this.#flushed = this.#pending;
    this.#pending = new Map();
  }

  /** Takes the last flush back into what is to be flushed. */
  undoFlush(): void {
    const flushed = this.#flushed;
    this.#flushed = new Map();
    for (const [hour, parent, child, { calls, errors, durations }] of entries(flushed)) {
      const sum = callsOf(this.#pending, hour, parent, child);
      sum.calls += calls;
      sum.errors += errors;
      sum.durations.merge(durations);
    }
  }

  /** Makes the tables. Counts need no loading: a flush adds to what is stored. */
  load(db: SqlDatabase): void {
    prepareDependencies(db);
  }

  #take(columns: SpanColumns, receivedAtMs: number, rows: readonly number[] | undefined): void {
    const { count, traceIds, traceIndex, groups, groupIndex, kind, status, marks, startHigh, startLow, endLow } =
      columns;
    const ids = words(columns.spanIds, count * 2);
    const parents = words(columns.parentIds, count * 2);
    const traces = new Uint32Array(traceIds.length / 16);
    for (let i = 0; i < traces.length; i++) traces[i] = traceIdHash(traceIds, i * 16, this.#settings.traceKeyFrom);
    const services = groups.map((group: SpanGroup) => this.#serviceId(columns.strings[group.service] as string));
    const span = this.#span;
    const received = Math.floor(receivedAtMs / MINUTE_MS);
    const total = rows?.length ?? count;
    let noted = NO_HOUR;
    for (let row = 0; row < count; row++) {
      const trace = traces[traceIndex[row] as number] as number;
      this.#window.touch(trace, ids[row * 2] as number, ids[row * 2 + 1] as number);
      this.#window.touch(trace, parents[row * 2] as number, parents[row * 2 + 1] as number);
    }
    for (let i = 0; i < total; i++) {
      const row = rows === undefined ? i : (rows[i] as number);
      span.trace = traces[traceIndex[row] as number] as number;
      span.idLow = ids[row * 2] as number;
      span.idHigh = ids[row * 2 + 1] as number;
      span.parentLow = parents[row * 2] as number;
      span.parentHigh = parents[row * 2 + 1] as number;
      span.kind = kind[row] as number;
      span.service = services[groupIndex[row] as number] as number;
      const low = startLow[row] as number;
      const minute = startMinute(startHigh[row] as number, low);
      const counts = ((marks[row] as number) & SPAN_MARK.impossibleTime) === 0 && !isFar(minute, received);
      span.hour = counts ? Math.floor(minute / 60) : NO_HOUR;
      if (span.hour !== noted && counts) {
        noted = span.hour;
        this.#received.add(noted, receivedAtMs);
      }
      span.duration = bucketOf(durationNano(columns, row));
      span.error = status[row] === STATUS_CODE.error;
      // Not the length: what passes a span on may write it anew.
      span.fingerprint = (Math.imul(low, 0x9e3779b1) ^ Math.imul(endLow[row] as number, 0x85ebca6b)) >>> 0;
      span.count = this.#adjusted.of(columns, row) ?? 1;
      if (!this.#window.add(span, receivedAtMs)) this.#duplicates++;
    }
  }

  *#hourly(): Generator<HourlyCalls> {
    for (const [hour, parent, child, calls] of entries(this.#pending)) {
      yield { hour, parent: this.#names[parent] as string, child: this.#names[child] as string, ...calls };
    }
  }

  #serviceId(name: string): number {
    let id = this.#services.get(name);
    if (id === undefined) {
      id = this.#names.length;
      this.#names.push(name);
      this.#services.set(name, id);
    }
    return id;
  }

  #startAfresh(): void {
    this.#window.clear();
    this.#services.clear();
    this.#names = [];
  }
}

function sample(what: string, help: string, value: number): MetricSample {
  return { name: `spanloom_dependencies_${what}_total`, type: "counter", help, labels: {}, value };
}

function callsOf(into: Pending, hour: number, parent: number, child: number): Calls {
  let parents = into.get(hour);
  if (parents === undefined) {
    parents = new Map();
    into.set(hour, parents);
  }
  let children = parents.get(parent);
  if (children === undefined) {
    children = new Map();
    parents.set(parent, children);
  }
  let calls = children.get(child);
  if (calls === undefined) {
    calls = { calls: 0, errors: 0, durations: new ExponentialHistogram() };
    children.set(child, calls);
  }
  return calls;
}

function* entries(pending: Pending): Generator<readonly [hour: number, parent: number, child: number, calls: Calls]> {
  for (const [hour, parents] of pending) {
    for (const [parent, children] of parents) {
      for (const [child, calls] of children) yield [hour, parent, child, calls];
    }
  }
}

/** Bytes as 32-bit words; copied where they are not aligned. */
function words(bytes: Uint8Array, count: number): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, count);
}
