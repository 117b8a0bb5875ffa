import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../../component/component.ts";
import { PermanentError } from "../../component/errors.ts";
import type { Counter, MetricSample } from "../../component/metrics.ts";
import type { ConfiguredExporter, ExporterStatus, ExportFilters } from "../../component/store.ts";
import { type Cursor, compareCursors } from "../../model/log.ts";
import { messageOf } from "../../model/message-of.ts";
import { AggregateRunner, type AggregateTable } from "../aggregates/aggregate-runner.ts";
import type { LogAges } from "../aggregates/received-hours.ts";
import { LogReader } from "../log/log-reader.ts";
import type { LogPosition, LogSource } from "../log/segment-source.ts";
import { compileFilter } from "../search/filter.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { Consumer } from "./consumer.ts";
import { type ConsumerState, CursorStore } from "./cursor-store.ts";
import { FlushPace } from "./flush-pace.ts";
import { RequestEnds } from "./request-ends.ts";

export interface ExportCoreOptions {
  readonly source: LogSource;
  /** consumers.db; stays the caller's. */
  readonly db: SqlDatabase;
  readonly exporters: readonly ConfiguredExporter[];
  readonly aggregates: AggregateTable;
  /** Beyond it aggregates forget their oldest part, bytes; undefined: without a bound. */
  readonly maxAggregateBytes?: number;
  readonly host: Host;
  /** The log does not outlive the process: send the rest of it before closing. */
  readonly drainOnClose: boolean;
  /** Cursors were lost: destinations begin at the oldest row rather than miss any. */
  readonly cursorsLost: boolean;
  readonly random?: () => number;
  readonly now?: () => number;
}

const PERSIST_MS = 1_000;
const CATCH_UP_MS = 30_000;
const CATCH_UP_POLL_MS = 5;
const EXPIRE_EVERY_MS = 3_600_000;

const NOTHING_LEFT: LogAges = {
  oldestMs: Number.POSITIVE_INFINITY,
  newestMs: 0,
  nowMs: 0,
};

/** The consumers of the log in whichever thread they run: one cursor and one runner each. */
export class ExportCore {
  readonly #options: ExportCoreOptions;
  readonly #reader: LogReader;
  readonly #cursors: CursorStore;
  readonly #consumers: readonly Consumer[];
  readonly #aggregates: readonly AggregateRunner[];
  readonly #now: () => number;
  readonly #saved = new Map<string, ConsumerState>();
  /** Of the exporters that are exact, by name. */
  readonly #requests = new Map<string, RequestEnds>();
  readonly #shrunk: Counter;
  #expiredAtMs = Number.NEGATIVE_INFINITY;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #usedBytes: number;
  readonly #pace = new FlushPace();
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  /** Reads that were missed at the last tick. */
  #missed = 0;

  /**
   * New consumers get their cursors here, before the log can grow.
   * @throws SqlError; PermanentError `bad_request` for a filter that cannot be compiled
   */
  constructor(options: ExportCoreOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#reader = new LogReader(options.source, {
      consumers: options.exporters.length + Object.keys(options.aggregates).length,
    });
    this.#cursors = new CursorStore(options.db);
    const { host, db } = options;
    this.#consumers = options.exporters.map((configured) => {
      const { name, startAt, exact } = configured;
      const state = this.#stateOf(name, startAt);
      const requests = exact && new RequestEnds(db, name, state.position);
      if (requests !== undefined) this.#requests.set(name, requests);
      return new Consumer({
        configured,
        state,
        reader: this.#reader,
        logger: host.logger,
        metrics: host.metrics,
        random: options.random ?? Math.random,
        now: this.#now,
        ...(requests === undefined ? {} : { requests }),
      });
    });
    this.#aggregates = Object.entries(options.aggregates).map(
      ([name, kind]) =>
        new AggregateRunner({
          name,
          kind,
          db,
          position: this.#stateOf(name, "oldest").position,
          reader: this.#reader,
          logger: host.logger,
          metrics: host.metrics,
        }),
    );
    this.#usedBytes = usedBytes(db);
    this.#shrunk = host.metrics.counter(
      "spanloom_aggregate_shrinks_total",
      "Times the oldest rates or calls between services were removed early, as all together took too much space.",
    );
    host.metrics.onSnapshot(() => this.#samples());
  }

  /** Starts the exporters, then the consumers. When one does not start, those that did are shut down. */
  async start(): Promise<void> {
    const started: ConfiguredExporter[] = [];
    try {
      for (const configured of this.#options.exporters) {
        await configured.exporter.start(this.#options.host);
        started.push(configured);
      }
    } catch (error) {
      const now = AbortSignal.abort();
      await Promise.allSettled(started.map(({ exporter }) => exporter.shutdown(now)));
      throw error;
    }
    this.#timer = setInterval(() => this.#tick(), PERSIST_MS).unref();
    this.advanced();
  }

  /** The log has grown. */
  advanced(): void {
    for (const consumer of this.#consumers) consumer.wake();
    for (const aggregate of this.#aggregates) aggregate.wake();
  }

  /** What the stored cursors of all consumers have passed; the end of all things where there is none. */
  floor(): Cursor {
    let floor: Cursor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };
    const lower = (cursor: Cursor) => {
      if (compareCursors(cursor, floor) < 0) floor = { segment: cursor.segment, block: cursor.block };
    };
    for (const { name } of this.#consumers) lower((this.#saved.get(name) as ConsumerState).position);
    for (const aggregate of this.#aggregates) lower(aggregate.stored);
    return floor;
  }

  /** Lets the aggregates read what is committed by now, and stores all cursors. Gives up after a while. */
  async catchUp(): Promise<void> {
    const { sequence } = this.#reader.end();
    const deadline = performance.now() + CATCH_UP_MS;
    this.advanced();
    while (this.#aggregates.some(({ position }) => position.sequence < sequence)) {
      if (this.#closing !== undefined || performance.now() > deadline) break;
      await sleep(CATCH_UP_POLL_MS);
    }
    if (this.#closing === undefined) this.#persist();
  }

  /** Removes all that aggregates have stored: everything was deleted. */
  forget(): void {
    this.#persist();
    this.#options.db.transaction(() => {
      for (const aggregate of this.#aggregates) aggregate.expire(this.#options.db, NOTHING_LEFT);
    });
  }

  /** As SpanStore.resend. The cursor is stored when it returns: what is sealed later does not move rows behind it. */
  resend(name: string, sinceMs: number | undefined): number {
    const consumer = this.#consumers.find((one) => one.name === name);
    if (consumer === undefined) throw unknownExporter(name, this.#consumers);
    const position = sinceMs === undefined ? this.#reader.oldest() : this.#reader.since(sinceMs);
    const state = consumer.state();
    const spans = state.position.spansThrough - position.spansThrough;
    if (compareCursors(position, state.position) >= 0 || spans <= 0) {
      const message = `the exporter ${name} has sent nothing of that yet: nothing can be sent again`;
      throw new PermanentError("bad_request", message);
    }
    const limit = this.#options.exporters.find((one) => one.name === name)?.maxBacklogSpans;
    const waiting = this.#reader.end().spansThrough - position.spansThrough;
    if (limit !== undefined && waiting > limit) {
      const reason = `${waiting} spans would wait, and exporters.${name}.sending.max_backlog_spans gives up all but ${limit}`;
      throw new PermanentError("bad_request", `${reason}: raise it, or give a shorter time`);
    }
    const back = { ...state, position };
    this.#cursors.save(new Map([[name, back]]));
    this.#saved.set(name, back);
    consumer.setBack(position);
    return spans;
  }

  /** As SpanStore.filterExports. */
  filterExports(filters: ExportFilters): void {
    for (const filter of filters.values()) compileFilter(filter);
    for (const consumer of this.#consumers) consumer.setFilter(filters.get(consumer.name));
  }

  status(): readonly ExporterStatus[] {
    const end = this.#reader.end();
    return this.#consumers.map((consumer) => consumer.status(end));
  }

  /** Stops reading, lets requests under way finish until the signal aborts, and stores the cursors. Idempotent. */
  close(signal: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(signal);
    return this.#closing;
  }

  async #close(signal: AbortSignal): Promise<void> {
    clearInterval(this.#timer);
    const drain = this.#options.drainOnClose;
    await Promise.all([
      ...this.#consumers.map((consumer) => consumer.shutdown(drain, signal)),
      ...this.#aggregates.map((aggregate) => aggregate.shutdown(drain, signal)),
    ]);
    this.#persist();
    this.#tellWhatIsLeft();
    await Promise.allSettled(this.#options.exporters.map(({ exporter }) => exporter.shutdown(signal)));
  }

  /** Nobody can ask for the lag of a collector that has stopped. */
  #tellWhatIsLeft(): void {
    const { logger } = this.#options.host;
    for (const { name, lagSpans } of this.status()) {
      if (lagSpans === 0) continue;
      const fields = { exporter: name, spans: lagSpans };
      // What drains as it stops has nothing to go on from.
      if (this.#options.drainOnClose) logger.warn("spans that waited for an exporter are lost with the memory", fields);
      else logger.info("spans wait for an exporter until the next start", fields);
    }
  }

  #stateOf(name: string, startAt: ConfiguredExporter["startAt"]): ConsumerState {
    const known = this.#cursors.load(name);
    const within = known && this.#within(known.position);
    if (known !== undefined && within === known.position) {
      this.#saved.set(name, known);
      return known;
    }
    const fromOldest = startAt === "oldest" || this.#options.cursorsLost;
    const position = within ?? (fromOldest ? this.#reader.oldest() : this.#reader.end());
    const state: ConsumerState = { delivered: 0, rejected: 0, lost: 0, retries: 0, ...known, position };
    // Sealing and compacting leave fewer rows, of which the last has the number that it had.
    if (known !== undefined && known.position.sequence !== position.sequence) {
      const { host } = this.#options;
      host.logger.warn("the log has lost its newest spans; a consumer of it goes on where it ends now", {
        consumer: name,
        rows: Math.max(0, known.position.sequence - position.sequence),
      });
    }
    // At once: sealing goes by what is stored.
    this.#cursors.save(new Map([[name, state]]));
    this.#saved.set(name, state);
    return state;
  }

  /**
   * A stored position as the log is now. A power cut, with `synchronous: normal`, and damage take the end of the log
   * away: what comes next takes the same numbers again, and a cursor beyond it would pass it over.
   */
  #within(position: LogPosition): LogPosition {
    const end = this.#reader.end();
    if (compareCursors(position, end) <= 0 && position.sequence <= end.sequence) return position;
    const next = this.#reader.next(position);
    if (next === undefined) return end;
    const { sequence, spansThrough } = next.position;
    return { ...position, sequence: sequence - 1, spansThrough: spansThrough - next.spans };
  }

  #tick(): void {
    this.#persist(!this.#pace.isDue(performance.now()));
    // Nothing that arrives may wake who waits for a disk.
    const { count } = this.#options.source.missed();
    if (count !== this.#missed) this.advanced();
    this.#missed = count;
  }

  /** Stores what changed; where `cursorsAlone`, of the exporters. */
  #persist(cursorsAlone = false): void {
    const states = new Map<string, ConsumerState>();
    for (const consumer of this.#consumers) {
      const state = consumer.state();
      if (!sameState(state, this.#saved.get(consumer.name))) states.set(consumer.name, state);
    }
    const aggregates = cursorsAlone ? [] : this.#aggregates.filter((aggregate) => aggregate.dirty);
    for (const { name, position } of aggregates) {
      states.set(name, { position, delivered: 0, rejected: 0, lost: 0, retries: 0 });
    }
    // Retention goes on where nothing comes any more.
    if (states.size === 0 && !this.#isExpiryDue()) return;
    let committed = false;
    const startedMs = performance.now();
    try {
      this.#cursors.save(states, (db) => {
        for (const aggregate of aggregates) aggregate.flush(db);
        for (const [name, requests] of this.#requests) {
          const position = states.get(name)?.position;
          if (position !== undefined) requests.passed(position);
        }
        this.#expire(db);
        this.#shrink(db);
      });
      committed = true;
      for (const [name, state] of states) this.#saved.set(name, state);
    } catch (error) {
      this.#options.host.logger.error("the cursors of the exporters could not be stored", {
        reason: messageOf(error),
      });
    }
    for (const aggregate of aggregates) aggregate.flushed(committed);
    if (aggregates.length > 0) this.#pace.flushed(startedMs, performance.now());
  }

  #isExpiryDue(): boolean {
    return this.#aggregates.length > 0 && Math.abs(this.#now() - this.#expiredAtMs) >= EXPIRE_EVERY_MS;
  }

  #expire(db: SqlDatabase): void {
    if (!this.#isExpiryDue()) return;
    const nowMs = this.#now();
    const range = this.#options.source.receivedRange();
    if (range !== undefined) for (const aggregate of this.#aggregates) aggregate.expire(db, { ...range, nowMs });
    this.#expiredAtMs = nowMs;
  }

  /** Names and times come from senders: whatever these make up, the disk is to hold it. */
  #shrink(db: SqlDatabase): void {
    const limit = this.#options.maxAggregateBytes;
    this.#usedBytes = usedBytes(db);
    if (limit === undefined || this.#usedBytes <= limit) return;
    this.#shrunk.add(1);
    // A step reads all that there is; more of it is due a second later.
    for (const aggregate of this.#aggregates) aggregate.shrink(db);
    const now = this.#now();
    if (Math.abs(now - this.#saidAtMs) < EXPIRE_EVERY_MS) return;
    this.#saidAtMs = now;
    this.#options.host.logger.warn(
      "rates and calls between services take too much space: the oldest are removed early",
      {
        mebibytes: Math.round(this.#usedBytes / 1024 / 1024),
        limitMebibytes: Math.round(limit / 1024 / 1024),
      },
    );
  }

  #samples(): MetricSample[] {
    const end = this.#reader.end();
    const aggregates = this.#aggregates.map(({ name, position }) => ({
      name: "spanloom_aggregate_lag_spans",
      type: "gauge" as const,
      help: "Spans between the end of the log and what dependencies or rates have counted.",
      labels: { aggregate: name.replace("aggregate/", "") },
      value: Math.max(0, end.spansThrough - position.spansThrough),
    }));
    const exporters = this.status().flatMap(({ name, lagSpans, lagMs }) => [
      gauge(
        "spanloom_exporter_lag_spans",
        "Spans between the end of the log and the exporter's cursor.",
        name,
        lagSpans,
      ),
      gauge("spanloom_exporter_lag_seconds", "Age of the oldest batch not yet delivered.", name, lagMs / 1000),
    ]);
    const bytes: MetricSample = {
      name: "spanloom_aggregate_disk_bytes",
      type: "gauge",
      help: "Size of stored cursors, rates and calls between services.",
      labels: {},
      value: this.#usedBytes,
    };
    return [...aggregates, bytes, ...exporters];
  }
}

function unknownExporter(name: string, known: readonly Consumer[]): PermanentError {
  const names = known.map((one) => one.name).join(", ");
  const expected = names === "" ? "none is configured" : `expected one of ${names}`;
  return new PermanentError("bad_request", `no exporter is called ${JSON.stringify(name)}; ${expected}`);
}

/** Pages that hold something, bytes. */
function usedBytes(db: SqlDatabase): number {
  const pragma = (name: string) =>
    Object.values(db.prepare<Record<string, number>>(`PRAGMA ${name}`).get() ?? {})[0] ?? 0;
  return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
}

function gauge(name: string, help: string, exporter: string, value: number): MetricSample {
  return { name, type: "gauge", help, labels: { exporter }, value };
}

function sameState(a: ConsumerState, b: ConsumerState | undefined): boolean {
  return (
    b !== undefined &&
    a.position === b.position &&
    a.delivered === b.delivered &&
    a.rejected === b.rejected &&
    a.lost === b.lost &&
    a.retries === b.retries
  );
}
