import fc from "fast-check";
import { expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import {
  type CountedRow,
  HOUR_MS,
  idOf,
  MINUTE_MS,
  rowOf,
  START_MS,
} from "../../../test/support/storage/aggregate-spans.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { DependencyAggregator } from "./dependency-aggregator.ts";
import { DependencyReader } from "./dependency-reader.ts";
import { expireDependencies } from "./dependency-table.ts";
import type { LogAges } from "./received-hours.ts";
import { RedAggregator } from "./red-aggregator.ts";
import { expireRed, readRed } from "./red-table.ts";

/** One call from shop to cart: the hour in which it begins, and the minute of the phase in which it is received. */
interface Given {
  readonly hour: number;
  readonly minute: number;
  readonly received: number;
}

/** Hours between two looks of retention. */
const PHASE_HOURS = 20;
const PHASES = 4;

const given: fc.Arbitrary<Given> = fc.record({
  // Up to 500 days before START_MS, of which 400 count.
  hour: fc.oneof(
    fc.constantFrom(-30, -6, 10, 30),
    fc.integer({ min: -40, max: 60 }),
    fc.integer({ min: -12_000, max: 60 }),
  ),
  minute: fc.integer({ min: 0, max: 59 }),
  received: fc.integer({ min: 0, max: PHASE_HOURS * 60 - 1 }),
});

/** What retention left after a phase: nothing that was received before, in hours from START_MS. */
const phase = fc.record({
  calls: fc.array(given, { maxLength: 8 }),
  keptHours: fc.integer({ min: 1, max: 50 }),
  orders: fc.tuple(fc.infiniteStream(fc.nat(1_000)), fc.infiniteStream(fc.nat(1_000))),
  flushes: fc.tuple(fc.infiniteStream(fc.boolean()), fc.infiniteStream(fc.boolean())),
});

const phaseMs = (at: number) => START_MS + at * PHASE_HOURS * HOUR_MS;

function rowOfCall({ hour, minute, received }: Given, at: number, id: number): CountedRow {
  const start = BigInt(START_MS + hour * HOUR_MS + minute * MINUTE_MS) * 1_000_000n;
  const times = { startTimeUnixNano: start, endTimeUnixNano: start + 5n };
  const [parent, child] = [idOf(id * 2 + 1), idOf(id * 2 + 2)];
  return rowOf(
    [
      serviceWith("shop", [spanWith({ ...times, spanId: parent })]),
      serviceWith("cart", [spanWith({ ...times, spanId: child, parentSpanId: parent })]),
    ],
    phaseMs(at) + received * MINUTE_MS,
  );
}

function shuffled<T>(list: readonly T[], order: fc.Stream<number>): T[] {
  const keys = [...order.take(list.length)];
  return list
    .map((value, i) => ({ value, key: keys[i] as number }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

function answers(db: SqlDatabase) {
  const range = { startMs: START_MS - 13_000 * HOUR_MS, endMs: START_MS + 100 * HOUR_MS };
  const counted = (stepMs: number, from: number, hours: number) => {
    const startMs = START_MS + from * HOUR_MS;
    const found = readRed(db, { startMs, endMs: startMs + hours * HOUR_MS, stepMs, byOperation: true });
    return {
      stepMs: found.stepMs,
      series: found.series.map(({ service, points }) => [
        service,
        points.flatMap((point, i) => (point === undefined ? [] : [[i, point.calls]])),
      ]),
    };
  };
  return {
    hours: counted(HOUR_MS, -13_000, 13_100),
    minutes: [-60, -36, -12, 12, 36].map((from) => counted(MINUTE_MS, from, 24)),
    links: new DependencyReader().read(db, { ...range, durations: true }),
    received: db.prepare("SELECT * FROM received_hour ORDER BY aggregate, hour").all(),
  };
}

it("what aggregates answer does not depend on the order in which spans were committed between two looks of retention", () => {
  fc.assert(
    fc.property(fc.array(phase, { minLength: 1, maxLength: PHASES }), (phases) => {
      const [answered, again] = ([0, 1] as const).map((turn) => {
        const db = testDriver.open(":memory:");
        try {
          const red = new RedAggregator();
          const dependencies = new DependencyAggregator();
          red.load(db);
          dependencies.load(db);
          const flush = () =>
            db.transaction(() => {
              red.flush(db);
              dependencies.flush(db);
            });
          /** Of each hour, the calls that count, and when the newest was received. */
          const hours = new Map<number, { calls: number; receivedMs: number }>();
          let id = 0;
          const seen = phases.map(({ calls, keptHours, orders, flushes }, at) => {
            const rows = calls.map((one) => ({ one, row: rowOfCall(one, at, id++) }));
            const wantsFlush = flushes[turn][Symbol.iterator]();
            for (const { one, row } of shuffled(rows, orders[turn])) {
              red.consume(row);
              dependencies.consume(row);
              if (wantsFlush.next().value) flush();
              const startMs = START_MS + one.hour * HOUR_MS + one.minute * MINUTE_MS;
              if (startMs < row.receivedAtMs - 400 * 24 * HOUR_MS || startMs > row.receivedAtMs + 24 * HOUR_MS)
                continue;
              const known = hours.get(one.hour) ?? { calls: 0, receivedMs: 0 };
              const receivedMs = Math.max(known.receivedMs, row.receivedAtMs);
              hours.set(one.hour, { calls: known.calls + 1, receivedMs });
            }
            flush();
            const nowMs = phaseMs(at + 1);
            const ages: LogAges = { oldestMs: nowMs - keptHours * HOUR_MS, newestMs: nowMs, nowMs };
            db.transaction(() => {
              expireRed(db, ages);
              expireDependencies(db, ages);
            });
            for (const [hour, { receivedMs }] of hours) if (receivedMs < ages.oldestMs) hours.delete(hour);
            return answers(db);
          });
          const left = [...hours].sort(([a], [b]) => a - b).map(([hour, { calls }]) => [hour + 13_000, calls]);
          const expected = left.length === 0 ? [] : ["cart", "shop"].map((service) => [service, left]);
          expect(seen.at(-1)?.hours.series).toEqual(expected);
          const total = left.reduce((sum, [, calls]) => sum + (calls as number), 0);
          expect(seen.at(-1)?.links.map(({ callCount }) => callCount)).toEqual(total === 0 ? [] : [total]);
          return seen;
        } finally {
          db.close();
        }
      });
      expect(again).toEqual(answered);
    }),
    { numRuns: 60 },
  );
}, 120_000);
