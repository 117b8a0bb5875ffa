import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { batches } from "../../../test/support/search/arbitrary-traces.ts";
import { flatten } from "../../../test/support/search/naive-search.ts";
import {
  HOUR_MS,
  idOf,
  MINUTE_MS,
  rowOf,
  START,
  START_MS,
  withThresholds,
} from "../../../test/support/storage/aggregate-spans.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { Metrics } from "../../component/metrics.ts";
import { OTHER_OPERATIONS, OTHER_SERVICES, type RedMetrics, type RedQuery } from "../../model/red-metrics.ts";
import type { Span } from "../../model/span.ts";
import { receivedThreshold, type SpanColumns } from "../../model/span-columns.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { NumberReader, NumberWriter } from "./number-codec.ts";
import { RedAggregator } from "./red-aggregator.ts";
import { cellKey, RedCell } from "./red-cell.ts";
import { expireRed, type RedDelta, RedTable, readRed, redProblems, shrinkRed } from "./red-table.ts";

const MINUTE = MINUTE_MS;
const HOUR = HOUR_MS;
const DAY = 24 * HOUR;

/** One batch of spans of one service, `at` ms after START_MS and 5 ms long. */
function spansOf(service: string, list: readonly (Partial<Span> & { readonly at?: number })[]): SpanColumns {
  const made = list.map(({ at = 0, ...more }, i) =>
    spanWith({
      spanId: idOf(i + 1),
      name: "work",
      startTimeUnixNano: START + BigInt(at) * 1_000_000n,
      endTimeUnixNano: START + BigInt(at + 5) * 1_000_000n,
      ...more,
    }),
  );
  return rowOf([serviceWith(service, made)]).columns;
}

let db: SqlDatabase;
let aggregator: RedAggregator;
beforeEach(() => {
  db = testDriver.open(":memory:");
  aggregator = new RedAggregator();
  aggregator.load(db);
});
afterEach(() => db.close());

const consume = (columns: SpanColumns, receivedAtMs = START_MS) => aggregator.consume({ columns, receivedAtMs });
const flush = () => db.transaction(() => aggregator.flush(db));
/** As retention does where the oldest that is left was received at `oldestMs`. */
const expire = (oldestMs: number, nowMs: number) =>
  db.transaction(() => expireRed(db, { oldestMs, newestMs: nowMs, nowMs }));
const read = (more: Partial<RedQuery> = {}) =>
  readRed(db, { startMs: START_MS, endMs: START_MS + HOUR, stepMs: MINUTE, byOperation: false, ...more });
const calls = ({ series }: RedMetrics) =>
  series.map(({ service, operation, kind, points }) => [
    service,
    operation,
    kind,
    points.map((point) => point?.calls ?? 0).reduce((a, b) => a + b, 0),
  ]);

describe("counting", () => {
  it("sorts spans by the minute of their start, service, operation and kind", () => {
    consume(
      spansOf("cart", [
        { at: 0 },
        { at: 59_999, status: { code: 2, message: "" } },
        { at: 60_000, name: "pay", kind: 3 },
        { at: 61_000, name: "pay", kind: 3 },
      ]),
    );
    consume(spansOf("shop", [{ at: 120_000 }]));
    flush();
    const found = read();
    expect(found).toMatchObject({ startMs: START_MS, stepMs: MINUTE, points: 60 });
    expect(found.series.map(({ service, kind }) => [service, kind])).toEqual([
      ["cart", 2],
      ["cart", 3],
      ["shop", 2],
    ]);
    expect(found.series[0]?.points[0]).toMatchObject({ calls: 2, errors: 1, spans: 2, unscaled: 2 });
    expect(found.series[0]?.points[1]).toBeUndefined();
    expect(found.series[1]?.points[1]).toMatchObject({ calls: 2, errors: 0 });
    expect((found.series[0]?.points[0]?.durations.quantile(0.99) as number) / 5e6).toBeCloseTo(1, 1);
    expect(calls(read({ byOperation: true, services: ["cart"], kinds: [3] }))).toEqual([["cart", "pay", 3, 2]]);
    expect(calls(read({ services: ["nobody"] }))).toEqual([]);
  });

  it("scales by the threshold's adjusted count and says what it could not scale", () => {
    const columns = spansOf("cart", [{}, { status: { code: 2, message: "" } }, {}, {}, {}]);
    const thresholds = ["8", "c", "", receivedThreshold("e"), undefined];
    consume(withThresholds({ columns, receivedAtMs: START_MS }, thresholds).columns);
    flush();
    const point = read().series[0]?.points[0];
    expect(point).toMatchObject({ calls: 16, errors: 4, spans: 5, unscaled: 2 });
    expect(point?.durations.count).toBe(16);
  });

  it("leaves out starts that are impossible or far from their receipt", () => {
    const past = { startTimeUnixNano: START - 401n * 86_400_000_000_000n };
    const future = { startTimeUnixNano: START + 2n * 86_400_000_000_000n };
    consume(spansOf("cart", [{ startTimeUnixNano: 0n }, past, future, {}]));
    flush();
    expect(aggregator.leftOut).toBe(3);
    expect(calls(read())).toEqual([["cart", undefined, 2, 1]]);
  });

  it("sums what exceeds the bounds under one name", () => {
    const metrics = new Metrics();
    aggregator = new RedAggregator({ maxOperations: 3, maxServices: 2 }, metrics);
    aggregator.load(db);
    for (const round of [0, 1]) {
      consume(
        spansOf(
          "a",
          [0, 1, 2, 3, 4].map((i) => ({ name: `op-${i + round * 10}` })),
        ),
      );
      flush();
    }
    for (const name of ["b", "c", "d"]) consume(spansOf(name, [{}]));
    flush();
    const summed = () => metrics.snapshot().find(({ name }) => name === "spanloom_red_overflow_spans_total")?.value;
    expect(summed()).toBe(9);
    consume(spansOf("b", [{ name: "n".repeat(1_000) }]), START_MS + DAY);
    flush();
    expect(summed()).toBe(10);
    expect(calls(read({ byOperation: true, services: ["a"] }))).toEqual([
      ["a", OTHER_OPERATIONS, 2, 7],
      ["a", "op-0", 2, 1],
      ["a", "op-1", 2, 1],
      ["a", "op-2", 2, 1],
    ]);
    expect(calls(read())).toEqual([
      [OTHER_SERVICES, undefined, 2, 2],
      ["a", undefined, 2, 10],
      ["b", undefined, 2, 2],
    ]);
  });

  it("adds up exactly over flushes, rolled-back ones and restarts", () => {
    consume(spansOf("cart", [{}]));
    expect(() =>
      db.transaction(() => {
        aggregator.flush(db);
        throw new Error("disk full");
      }),
    ).toThrow("disk full");
    aggregator.undoFlush();
    consume(spansOf("cart", [{}]));
    flush();
    aggregator = new RedAggregator();
    aggregator.load(db);
    consume(spansOf("cart", [{}]));
    flush();
    flush();
    expect(calls(read())).toEqual([["cart", undefined, 2, 3]]);
    expect(calls(read({ stepMs: HOUR }))).toEqual([["cart", undefined, 2, 3]]);
  });

  it("counts what a naive count gives, in minutes and in hours", () => {
    fc.assert(
      fc.property(batches, (data) => {
        const own = testDriver.open(":memory:");
        try {
          const counting = new RedAggregator();
          counting.load(own);
          const base = Number(1_795_392_039_440n);
          for (const traces of data) counting.consume(rowOf(traces, base));
          counting.flush(own);
          const near = flatten(data).filter(({ span }) => {
            const ms = Number(span.startTimeUnixNano / 1_000_000n);
            return ms > base - 7 * HOUR && ms < base + HOUR;
          });
          const expected = new Map<string, number>();
          for (const { service, span } of near) {
            const key = JSON.stringify([service, span.name, span.kind]);
            expected.set(key, (expected.get(key) ?? 0) + 1);
          }
          for (const stepMs of [MINUTE, 7 * MINUTE, HOUR]) {
            const found = readRed(own, { startMs: base - 7 * HOUR, endMs: base + HOUR, stepMs, byOperation: true });
            const counted = calls(found).map(([service, operation, kind, sum]) => [
              JSON.stringify([service, operation, kind]),
              sum,
            ]);
            expect(new Map(counted as [string, number][])).toEqual(expected);
          }
        } finally {
          own.close();
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("keeping", () => {
  it("answers by minutes within a day, by hours before and beyond", () => {
    consume(spansOf("cart", [{ at: 0 }, { at: 90_000 }]));
    flush();
    expect(read({ stepMs: 90_000 })).toMatchObject({ stepMs: 2 * MINUTE, points: 30 });
    expect(read({ endMs: START_MS + 25 * HOUR }).stepMs).toBe(HOUR);
    // Two days later the minutes are gone and the hours are not.
    consume(spansOf("cart", [{ at: 2 * DAY }]), START_MS + 2 * DAY);
    flush();
    expire(START_MS, START_MS + 2 * DAY);
    expect(db.prepare("SELECT width, bucket FROM red").all()).toHaveLength(3);
    const found = read({ startMs: START_MS + 10 * MINUTE });
    expect(found).toMatchObject({ startMs: START_MS, stepMs: HOUR, points: 1 });
    expect(calls(found)).toEqual([["cart", undefined, 2, 2]]);
    expect(calls(read({ startMs: START_MS + 2 * DAY, endMs: START_MS + 2 * DAY + 1 }))).toEqual([
      ["cart", undefined, 2, 1],
    ]);
  });

  it("forgets hours of which nothing is left that was received by then, whenever they were", () => {
    consume(spansOf("cart", [{ at: 0 }, { at: HOUR }]), START_MS + HOUR);
    consume(spansOf("cart", [{ at: 0 }]), START_MS + 2 * HOUR);
    flush();
    const both = { endMs: START_MS + 2 * HOUR };
    for (const stepMs of [MINUTE, HOUR]) {
      expect(calls(read({ ...both, stepMs }))).toEqual([["cart", undefined, 2, 3]]);
    }
    expire(START_MS + HOUR + 1, START_MS + 2 * HOUR);
    for (const stepMs of [MINUTE, HOUR]) {
      expect(calls(read({ ...both, stepMs }))).toEqual([["cart", undefined, 2, 2]]);
    }
    expire(START_MS + 2 * HOUR + 1, START_MS + 3 * HOUR);
    expect(calls(read({ ...both, stepMs: HOUR }))).toEqual([]);
    expect(db.prepare("SELECT * FROM red").all()).toEqual([]);
    expect(db.prepare("SELECT * FROM received_hour").all()).toEqual([]);
  });

  it("keeps minutes for 25 hours after they were received, and answers by hours where some have gone", () => {
    consume(spansOf("cart", [{ at: 0 }]), START_MS + 10 * DAY);
    flush();
    expire(START_MS, START_MS + 10 * DAY + 25 * HOUR);
    expect(read()).toMatchObject({ stepMs: MINUTE, series: [{ service: "cart" }] });
    expire(START_MS, START_MS + 10 * DAY + 25 * HOUR + 1);
    // What comes later is no whole minute.
    consume(spansOf("cart", [{ at: 0 }]), START_MS + 12 * DAY);
    flush();
    const found = read();
    expect(found.stepMs).toBe(HOUR);
    expect(calls(found)).toEqual([["cart", undefined, 2, 2]]);
    expect(db.prepare("SELECT * FROM red WHERE width = ?").all(MINUTE)).toEqual([]);
    expect(read({ startMs: START_MS + HOUR, endMs: START_MS + 2 * HOUR }).stepMs).toBe(MINUTE);
  });

  it("lets minutes go in whole hours, oldest first, then hours, where all takes too much space", () => {
    consume(spansOf("cart", [{ at: 0 }, { at: 40 * MINUTE }, { at: HOUR }, { at: HOUR + MINUTE }]));
    flush();
    const stored = () =>
      db
        .prepare<{ width: number; bucket: number }>("SELECT width, bucket FROM red ORDER BY width, bucket")
        .all()
        .map(({ width, bucket }) => [width, (bucket * width - START_MS) / MINUTE]);
    const both = { endMs: START_MS + 2 * HOUR };
    expect(shrinkRed(db)).toBe(true);
    expect(stored()).toEqual([
      [MINUTE, 60],
      [MINUTE, 61],
      [HOUR, 0],
      [HOUR, 60],
    ]);
    consume(spansOf("cart", [{ at: 50 * MINUTE }]));
    flush();
    expect(stored()).toHaveLength(4);
    expect(read(both)).toMatchObject({ stepMs: HOUR, series: [{ points: [{ calls: 3 }, { calls: 2 }] }] });
    expect(read({ ...both, startMs: START_MS + HOUR }).stepMs).toBe(MINUTE);
    expect(shrinkRed(db)).toBe(true);
    expect(shrinkRed(db)).toBe(true);
    expect(stored()).toEqual([[HOUR, 60]]);
    expect(shrinkRed(db)).toBe(true);
    expect(shrinkRed(db)).toBe(false);
    expect(db.prepare("SELECT * FROM received_hour").all()).toEqual([]);
  });

  it("notices rows that are not what was written, and reads those of an older version", () => {
    consume(spansOf("cart", [{}]));
    flush();
    expect([...redProblems(db)]).toEqual([]);
    for (const harm of ["service = 'card'", "bucket = bucket + 1", "totals = operations"]) {
      const own = testDriver.open(":memory:");
      const other = new RedAggregator();
      other.load(own);
      other.consume({ columns: spansOf("cart", [{}]), receivedAtMs: START_MS });
      other.flush(own);
      own.exec(`UPDATE red SET ${harm} WHERE width = ${MINUTE}`);
      expect([...redProblems(own)].length, harm).toBeGreaterThan(0);
      own.close();
    }
    // Version 1 had no checksum.
    const { cells } = db.prepare<{ cells: Uint8Array }>("SELECT totals AS cells FROM red").get() as {
      cells: Uint8Array;
    };
    const old = Uint8Array.from(cells.subarray(0, cells.length - 4));
    old[0] = 5;
    db.prepare("UPDATE red SET totals = ?").run(old);
    expect([...redProblems(db)]).toEqual([]);
    expect(calls(read())).toEqual([["cart", undefined, 2, 1]]);
  });

  it("starts a damaged row afresh and knows nothing of a store without tables", () => {
    consume(spansOf("cart", [{}]));
    flush();
    db.prepare("UPDATE red SET totals = ?, operations = ?").run(Uint8Array.of(9), Uint8Array.of(5, 255, 255));
    consume(spansOf("cart", [{}, {}]));
    flush();
    expect(calls(read())).toEqual([["cart", undefined, 2, 2]]);
    const empty = testDriver.open(":memory:");
    expect(readRed(empty, { startMs: 0, endMs: HOUR, stepMs: MINUTE, byOperation: true }).series).toEqual([]);
    expireRed(empty, { oldestMs: START_MS, newestMs: START_MS, nowMs: START_MS });
    empty.close();
  });
});

interface Counted {
  readonly minute: number;
  readonly service: string;
  readonly operation: string;
  readonly kind: number;
  readonly ms: number;
  readonly count: number;
}

function deltaOf(list: readonly Counted[]): RedDelta {
  const delta: RedDelta = new Map();
  for (const { minute, service, operation, kind, ms, count } of list) {
    const services = delta.get(minute) ?? new Map();
    delta.set(minute, services);
    const cells = services.get(service) ?? new Map();
    services.set(service, cells);
    const cell: RedCell = cells.get(cellKey(operation, kind)) ?? new RedCell();
    cells.set(cellKey(operation, kind), cell);
    cell.calls += count;
    cell.spans++;
    cell.durations.add(ms * 1e6, count);
  }
  return delta;
}

describe("a table that holds what it wrote", () => {
  it("writes what one that holds nothing writes, over rollbacks, removals and damage", () => {
    const minute = START_MS / MINUTE;
    const counted = fc.record({
      minute: fc.constantFrom(minute, minute + 1, minute + 60),
      service: fc.constantFrom("a", "b", "c"),
      operation: fc.constantFrom("x", "y", "z"),
      kind: fc.constantFrom(2, 3),
      ms: fc.integer({ min: 0, max: 1e6 }),
      count: fc.constantFrom(1, 1.5, 3),
    });
    const step = fc.record({
      list: fc.array(counted, { maxLength: 8 }),
      outcome: fc.constantFrom("commit", "commit", "commit", "roll back", "remove", "shrink", "harm", "restart"),
    });
    const settings = { maxOperations: 3, maxServices: 2 };
    const stored = (of: SqlDatabase) =>
      of
        .prepare("SELECT width, service, bucket, hex(totals) AS t, hex(operations) AS o FROM red ORDER BY 1, 2, 3")
        .all();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.constantFrom(0, 3, 1_000), (steps, maxHeld) => {
        const [mine, others] = [testDriver.open(":memory:"), testDriver.open(":memory:")];
        const table = (of: SqlDatabase, held: number) => {
          const made = new RedTable(settings, held);
          made.load(of);
          return made;
        };
        try {
          let holding = table(mine, maxHeld);
          for (const { list, outcome } of steps) {
            const write = (to: SqlDatabase, by: RedTable) =>
              to.transaction(() => {
                const summed = by.add(to, deltaOf(list), (hour) => hour * HOUR);
                if (outcome === "roll back") throw new Error("disk full");
                return summed;
              });
            if (outcome === "roll back") {
              expect(() => write(mine, holding)).toThrow("disk full");
              holding.forget();
              continue;
            }
            expect(write(mine, holding)).toBe(write(others, table(others, 0)));
            if (outcome === "restart") holding = table(mine, maxHeld);
            for (const one of [mine, others]) {
              const ages = { oldestMs: START_MS + HOUR, newestMs: START_MS + HOUR, nowMs: START_MS + HOUR };
              if (outcome === "remove") one.transaction(() => expireRed(one, ages));
              if (outcome === "shrink") shrinkRed(one);
              if (outcome === "harm") one.exec("UPDATE red SET totals = x'09' WHERE service = 'a'");
            }
            // Names that are gone from the table are known until it is read again.
            if (outcome === "remove" || outcome === "shrink") holding.forget();
            expect(stored(mine)).toEqual(stored(others));
          }
        } finally {
          mine.close();
          others.close();
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("numbers in bytes", () => {
  it("come back as they were", () => {
    const number = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer(),
      fc.double({ noNaN: true }).map((value) => value + 0),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(number, fc.string({ unit: "grapheme" }))), (list) => {
        const writer = new NumberWriter();
        for (const [value, text] of list) {
          writer.number(value);
          writer.text(text);
        }
        const reader = new NumberReader(writer.finish());
        for (const [value, text] of list) {
          expect(reader.number() + 0).toBe(value + 0);
          expect(reader.text()).toBe(text);
        }
        expect(() => reader.number()).toThrow(RangeError);
      }),
    );
  });
});
