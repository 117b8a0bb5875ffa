import fc from "fast-check";
import { expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import {
  type CountedRow,
  HOUR_MS,
  idOf,
  MINUTE_MS,
  rowOf,
  START,
  START_MS,
  withThresholds,
} from "../../../test/support/storage/aggregate-spans.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { adjustedCount } from "../../model/adjusted-count.ts";
import { receivedThreshold } from "../../model/span-columns.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { DependencyAggregator } from "./dependency-aggregator.ts";
import { DependencyReader } from "./dependency-reader.ts";
import { RedAggregator } from "./red-aggregator.ts";
import { readRed } from "./red-table.ts";

/** What is said of one span. */
interface Given {
  readonly trace: number;
  readonly parent: number;
  readonly service: string;
  readonly name: string;
  readonly kind: 0 | 1 | 2 | 3 | 4 | 5;
  readonly failed: boolean;
  /** Nanoseconds from a whole number of half minutes. */
  readonly half: number;
  readonly off: number;
  readonly durationNano: number;
  /** As the column holds it. */
  readonly threshold: string | undefined;
  /** Its place in the log, and how often it is sent again, right then or later. */
  readonly order: number;
  readonly repeats: readonly number[];
}

interface Sent extends Given {
  readonly id: number;
  readonly startNano: bigint;
}

const given: fc.Arbitrary<Given> = fc.record({
  trace: fc.integer({ min: 1, max: 3 }),
  parent: fc.integer({ min: 0, max: 25 }),
  service: fc.constantFrom("a", "b", "c"),
  name: fc.constantFrom("x", "y"),
  kind: fc.integer({ min: 0, max: 5 }) as fc.Arbitrary<Given["kind"]>,
  failed: fc.boolean(),
  half: fc.integer({ min: 0, max: 300 }),
  off: fc.constantFrom(-1, 0, 1),
  durationNano: fc.constantFrom(-3, 0, 1, 1_000, 7_000_000, 90_000_000_000),
  threshold: fc.constantFrom(undefined, undefined, "8", "c", "", receivedThreshold("8"), receivedThreshold("e")),
  order: fc.nat(1_000),
  repeats: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(fc.nat(1_000), { maxLength: 2 })),
});

/** Spans in any order, duplicates among them, cut into rows of the log. */
const logs = fc.record({
  spans: fc.array(given, { minLength: 1, maxLength: 25 }),
  rowLength: fc.integer({ min: 1, max: 7 }),
  /** After each row: whether it is flushed, flushed in vain, or the process ends without. */
  after: fc.array(fc.constantFrom("nothing", "flush", "rolled back", "restart"), { minLength: 60, maxLength: 60 }),
});

function sentSpans(list: readonly Given[]): Sent[] {
  const all = list.flatMap((span, i) => {
    const sent: Sent = {
      ...span,
      id: i + 1,
      startNano: START + BigInt(span.half) * 30_000_000_000n + BigInt(span.off),
    };
    return [span.order, ...span.repeats].map((order) => ({ sent, order }));
  });
  return all.sort((a, b) => a.order - b.order).map(({ sent }) => sent);
}

function logRow(list: readonly Sent[]): CountedRow {
  const row = rowOf(
    list.map((span) =>
      serviceWith(span.service, [
        spanWith({
          traceId: `${span.trace}`.repeat(32),
          spanId: idOf(span.id),
          parentSpanId: idOf(span.parent),
          name: span.name,
          kind: span.kind,
          startTimeUnixNano: span.startNano,
          endTimeUnixNano: span.startNano + BigInt(span.durationNano),
          status: { code: span.failed ? 2 : 0, message: "" },
        }),
      ]),
    ),
    START_MS + HOUR_MS,
  );
  return withThresholds(
    row,
    list.map(({ threshold }) => threshold),
  );
}

/** Consumes the log as the export thread does: after a restart from the cursor that the last flush stored. */
function run(db: SqlDatabase, rows: readonly CountedRow[], after: readonly string[]): void {
  let cursor = 0;
  let dependencies = new DependencyAggregator();
  let red = new RedAggregator();
  const load = () => {
    dependencies.load(db);
    red.load(db);
  };
  const flush = (commit: boolean, position: number) => {
    try {
      db.transaction(() => {
        dependencies.flush(db);
        red.flush(db);
        if (!commit) throw new Error("disk full");
      });
      cursor = position;
    } catch {
      dependencies.undoFlush();
      red.undoFlush();
    }
  };
  load();
  let steps = 0;
  for (let at = 0; at < rows.length; ) {
    const row = rows[at++] as CountedRow;
    dependencies.consume(row);
    red.consume(row);
    switch (after[steps++]) {
      case "flush":
        flush(true, at);
        break;
      case "rolled back":
        flush(false, at);
        break;
      case "restart":
        dependencies = new DependencyAggregator();
        red = new RedAggregator();
        load();
        for (const known of rows.slice(0, cursor)) dependencies.remember(known);
        at = cursor;
    }
  }
  flush(true, rows.length);
}

function bucketOf({ startNano }: Sent, widthMs: number): number {
  return Number(startNano / (BigInt(widthMs) * 1_000_000n));
}

function weightOf({ threshold }: Sent): number | undefined {
  return threshold === undefined ? undefined : adjustedCount(threshold.replace("=", ""));
}

/** Sums by a key made of the fields, in the order of the keys. */
class Tally {
  readonly #sums = new Map<string, number[]>();

  add(key: readonly unknown[], values: readonly number[]): void {
    const text = JSON.stringify(key);
    const sums = this.#sums.get(text) ?? values.map(() => 0);
    this.#sums.set(
      text,
      sums.map((sum, i) => sum + (values[i] as number)),
    );
  }

  get entries() {
    return [...this.#sums].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

it("aggregates count what a look at all spans counts, whatever their order, rows, repetitions, rollbacks and restarts", () => {
  fc.assert(
    fc.property(logs, ({ spans, rowLength, after }) => {
      const sent = sentSpans(spans);
      const rows: CountedRow[] = [];
      for (let i = 0; i < sent.length; i += rowLength) rows.push(logRow(sent.slice(i, i + rowLength)));
      const db = testDriver.open(":memory:");
      try {
        run(db, rows, after);

        // Every repetition of a span counts in rates.
        for (const [stepMs, byOperation] of [
          [MINUTE_MS, true],
          [5 * MINUTE_MS, false],
          [HOUR_MS, true],
        ] as const) {
          const expected = new Tally();
          for (const span of sent) {
            const weight = weightOf(span);
            const at = bucketOf(span, stepMs);
            const key = [span.service, byOperation ? span.name : null, span.kind, at];
            const count = weight ?? 1;
            expected.add(key, [count, span.failed ? count : 0, 1, weight === undefined ? 1 : 0, count]);
          }
          const counted = new Tally();
          const range = { startMs: START_MS - HOUR_MS, endMs: START_MS + 5 * HOUR_MS };
          const found = readRed(db, { ...range, stepMs, byOperation });
          for (const { service, operation, kind, points } of found.series) {
            for (const [i, point] of points.entries()) {
              if (point === undefined) continue;
              const at = (found.startMs + i * found.stepMs) / stepMs;
              const { calls, errors, spans: stored, unscaled, durations } = point;
              counted.add([service, operation ?? null, kind, at], [calls, errors, stored, unscaled, durations.count]);
            }
          }
          expect(counted.entries).toEqual(expected.entries);
        }

        // A span that is sent again is one call.
        const once = [...new Map(sent.map((span) => [span.id, span])).values()];
        const reader = new DependencyReader();
        for (let hour = -1; hour < 4; hour++) {
          const expected = new Tally();
          for (const child of once) {
            const parent = once.find(({ id, trace }) => id === child.parent && trace === child.trace);
            if (parent === undefined || parent.service === child.service) continue;
            if (bucketOf(child, HOUR_MS) !== START_MS / HOUR_MS + hour) continue;
            const count = weightOf(child) ?? 1;
            expected.add([parent.service, child.service], [count, child.failed ? count : 0]);
          }
          const counted = new Tally();
          const range = { startMs: START_MS + hour * HOUR_MS, endMs: START_MS + (hour + 1) * HOUR_MS - 1 };
          for (const { parent, child, callCount, errorCount } of reader.read(db, { ...range, durations: true })) {
            counted.add([parent, child], [callCount, errorCount]);
          }
          expect(counted.entries).toEqual(expected.entries);
        }
      } finally {
        db.close();
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);
