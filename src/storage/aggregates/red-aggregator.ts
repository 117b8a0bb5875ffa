import { type Counter, Metrics } from "../../component/metrics.ts";
import { bucketOf } from "../../model/exponential-histogram.ts";
import { OTHER_OPERATIONS, OTHER_SERVICES } from "../../model/red-metrics.ts";
import { SPAN_MARK, STATUS_CODE } from "../../model/span.ts";
import { durationNano, nameOf, serviceOf } from "../../model/span-columns.ts";
import { MINUTE_MS } from "../../model/time.ts";
import type { LogHead } from "../log/log-reader.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { AdjustedCounts } from "./adjusted-counts.ts";
import type { LogState } from "./aggregate-runner.ts";
import { NewestReceived } from "./received-hours.ts";
import { cellKey, MAX_NAME_LENGTH, RedCell } from "./red-cell.ts";
import { type RedDelta, type RedSettings, RedTable } from "./red-table.ts";
import { isFar, startMinute } from "./start-bucket.ts";

export const DEFAULT_RED: RedSettings = { maxOperations: 200, maxServices: 2_000 };

/**
 * Rate, errors and duration of every service, operation and kind, by the minute in which spans start. A span counts as
 * many as the sampling threshold that holds for it says it stands for, whether it came with the span or this collector
 * raised it; where nobody stated one it counts as one and as `unscaled`. A request that a sender repeats, because it
 * did not see the acknowledgement, is counted again.
 *
 * Counts are kept exactly when the owner calls `flush` in the transaction that stores its cursor.
 */
export class RedAggregator implements LogState {
  readonly #settings: RedSettings;
  readonly #table: RedTable;
  readonly #adjusted = new AdjustedCounts();
  #pending: RedDelta = new Map();
  #flushed: RedDelta = new Map();
  readonly #received = new NewestReceived();
  #leftOut = 0;
  readonly #summed: Counter;

  constructor(settings: RedSettings = DEFAULT_RED, metrics: Metrics = new Metrics()) {
    this.#settings = settings;
    this.#table = new RedTable(settings);
    this.#summed = metrics.counter(
      "spanloom_red_overflow_spans_total",
      "Spans whose rates are kept under (other operations) or (other services), as there are too many names.",
    );
    metrics.onSnapshot(() => [
      {
        name: "spanloom_red_left_out_spans_total",
        type: "counter",
        help: "Spans without a rate, as their start is impossible or far from their receipt.",
        labels: {},
        value: this.#leftOut,
      },
    ]);
  }

  /** Spans whose start is impossible, or too far from their receipt, since this was made. */
  get leftOut(): number {
    return this.#leftOut;
  }

  load(db: SqlDatabase): void {
    this.#table.load(db);
  }

  /** Nothing that came before matters here. */
  remember(): void {}

  consume({ columns, receivedAtMs }: Pick<LogHead, "columns" | "receivedAtMs">): void {
    this.#flushed = new Map();
    const received = Math.floor(receivedAtMs / MINUTE_MS);
    const { count, groupIndex, nameIndex, kind, status, marks, startHigh, startLow, thresholdIndex } = columns;
    const names = columns.strings.length;
    const minutes = new Map<number, Map<number, RedCell>>();
    let minute = Number.NaN;
    let cells = new Map<number, RedCell>();
    for (let row = 0; row < count; row++) {
      const at = startMinute(startHigh[row] as number, startLow[row] as number);
      const impossible = ((marks[row] as number) & SPAN_MARK.impossibleTime) !== 0;
      if (impossible || isFar(at, received)) {
        this.#leftOut++;
        continue;
      }
      if (at !== minute) {
        minute = at;
        cells = minutes.get(at) ?? new Map();
        minutes.set(at, cells);
      }
      const key = ((groupIndex[row] as number) * names + (nameIndex[row] as number)) * 8 + (kind[row] as number);
      let cell = cells.get(key);
      if (cell === undefined) {
        cell = this.#cell(minute, serviceOf(columns, row), nameOf(columns, row), kind[row] as number);
        cells.set(key, cell);
      }
      const weight = thresholdIndex === undefined ? undefined : this.#adjusted.of(columns, row);
      const calls = weight ?? 1;
      cell.calls += calls;
      cell.spans++;
      if (weight === undefined) cell.unscaled++;
      if (status[row] === STATUS_CODE.error) cell.errors += calls;
      cell.durations.addBucket(bucketOf(durationNano(columns, row)), calls);
    }
    for (const counted of minutes.keys()) this.#received.add(Math.floor(counted / 60), receivedAtMs);
  }

  /** To be called inside the transaction that stores the cursor; when that is rolled back, call `undoFlush`. */
  flush(db: SqlDatabase): void {
    this.#summed.add(this.#table.add(db, this.#pending, (hour) => this.#received.of(hour)));
    this.#flushed = this.#pending;
    this.#pending = new Map();
  }

  /** Takes the last flush back into what is to be flushed. */
  undoFlush(): void {
    const flushed = this.#flushed;
    this.#flushed = new Map();
    this.#table.forget();
    if (this.#pending.size === 0) {
      this.#pending = flushed;
      return;
    }
    for (const [minute, services] of flushed) {
      for (const [service, cells] of services) {
        for (const [key, cell] of cells) this.#cell(minute, service, key.slice(1), Number(key[0])).merge(cell);
      }
    }
  }

  #cell(minute: number, service: string, operation: string, kind: number): RedCell {
    let services = this.#pending.get(minute);
    if (services === undefined) {
      services = new Map();
      this.#pending.set(minute, services);
    }
    const { maxServices, maxOperations } = this.#settings;
    const named = service.length <= MAX_NAME_LENGTH && (services.has(service) || services.size < maxServices);
    const name = named ? service : OTHER_SERVICES;
    let cells = services.get(name);
    if (cells === undefined) {
      cells = new Map();
      services.set(name, cells);
    }
    let key = cellKey(operation, kind);
    const fits = operation.length <= MAX_NAME_LENGTH && (cells.has(key) || cells.size < maxOperations);
    if (!fits) key = cellKey(OTHER_OPERATIONS, kind);
    let cell = cells.get(key);
    if (cell === undefined) {
      cell = new RedCell();
      cells.set(key, cell);
    }
    return cell;
  }
}
