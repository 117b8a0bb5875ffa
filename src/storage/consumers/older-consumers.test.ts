import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { HOUR_MS, idOf, MINUTE_MS, rowOf, START_MS } from "../../../test/support/storage/aggregate-spans.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { toOlderConsumers, writeAsOlder } from "../../../test/support/storage/older-consumers.ts";
import { recordingHost, tempFolder } from "../../../test/support/storage/rig.ts";
import { DependencyAggregator } from "../aggregates/dependency-aggregator.ts";
import { DependencyReader } from "../aggregates/dependency-reader.ts";
import { dependencyProblems, expireDependencies } from "../aggregates/dependency-table.ts";
import { readReceivedHours, receivedHourProblems } from "../aggregates/received-hours.ts";
import { RedAggregator } from "../aggregates/red-aggregator.ts";
import { expireRed, readRed, redProblems } from "../aggregates/red-table.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { openConsumersDb } from "./consumers-db.ts";

const HOUR = START_MS / HOUR_MS;

let temp: ReturnType<typeof tempFolder>;
let path: string;
let db: SqlDatabase | undefined;
beforeEach(() => {
  temp = tempFolder();
  path = join(temp.path, "consumers.db");
});
afterEach(() => {
  db?.close();
  db = undefined;
  temp.remove();
});

function open(): SqlDatabase {
  const host = recordingHost();
  db?.close();
  db = openConsumersDb(testDriver, path, host.logger).db;
  expect(host.lines).toEqual([]);
  return db;
}

/** A call from shop to cart, `at` ms after START_MS. */
function call(at: number, receivedAtMs: number) {
  const startTimeUnixNano = BigInt(START_MS + at) * 1_000_000n;
  const times = { startTimeUnixNano, endTimeUnixNano: startTimeUnixNano + 5n };
  return rowOf(
    [
      serviceWith("shop", [spanWith({ ...times, spanId: idOf(at * 2 + 1) })]),
      serviceWith("cart", [spanWith({ ...times, spanId: idOf(at * 2 + 2), parentSpanId: idOf(at * 2 + 1) })]),
    ],
    receivedAtMs,
  );
}

/** Counts calls in the hours of the given times, and stores them by `write`. */
function count(times: readonly number[], receivedAtMs: number, write: (store: (to: SqlDatabase) => void) => void) {
  const kinds = [new RedAggregator(), new DependencyAggregator()];
  for (const at of times) for (const kind of kinds) kind.consume(call(at, receivedAtMs));
  write((to) => {
    for (const kind of kinds) kind.flush(to);
  });
}

const range = { startMs: START_MS, endMs: START_MS + 4 * HOUR_MS };
const rates = (of: SqlDatabase, stepMs: number, more = {}) => {
  const found = readRed(of, { ...range, stepMs, byOperation: false, services: ["cart"], ...more });
  const calls = found.series.flatMap(({ points }) => points.map((point) => point?.calls ?? 0));
  return { stepMs: found.stepMs, calls: calls.reduce((a, b) => a + b, 0) };
};
const links = (of: SqlDatabase) =>
  new DependencyReader().read(of, { ...range, durations: false }).map(({ callCount }) => callCount);
const received = (of: SqlDatabase, aggregate: "red" | "dependencies" = "red") =>
  [...readReceivedHours(of, aggregate).values()].map(({ hour, receivedMs, minutes }) => [
    hour - HOUR,
    receivedMs,
    minutes,
  ]);
const problems = (of: SqlDatabase) => [...redProblems(of), ...dependencyProblems(of), ...receivedHourProblems(of)];

/** Calls in the hours 0 to 3, in whose second hour the minutes begin. */
function older(): void {
  const made = open();
  count(
    [0, 1, 2, 3].map((hour) => hour * HOUR_MS + 40 * MINUTE_MS),
    START_MS + 4 * HOUR_MS,
    (store) => writeAsOlder(made, 4, store),
  );
  toOlderConsumers(made, HOUR * 60 + 90);
}

it("keeps what an older version counted, and the minutes of the hours that it held whole", () => {
  older();
  const now = open();
  expect(rates(now, HOUR_MS)).toEqual({ stepMs: HOUR_MS, calls: 4 });
  expect(links(now)).toEqual([4]);
  expect(received(now)).toEqual([
    [0, null, false],
    [1, null, false],
    [2, null, true],
    [3, null, true],
  ]);
  expect(received(now, "dependencies")).toEqual([0, 1, 2, 3].map((hour) => [hour, null, false]));
  expect(rates(now, MINUTE_MS)).toEqual({ stepMs: HOUR_MS, calls: 4 });
  expect(rates(now, MINUTE_MS, { startMs: START_MS + 2 * HOUR_MS })).toEqual({ stepMs: MINUTE_MS, calls: 2 });
  expect(problems(now)).toEqual([]);
});

it("keeps it as long as anything is left that was there when it was taken over", () => {
  older();
  const now = open();
  const newestMs = START_MS + 5 * HOUR_MS;
  const expire = (oldestMs: number) => {
    const ages = { oldestMs, newestMs: Math.max(newestMs, oldestMs), nowMs: newestMs };
    now.transaction(() => {
      expireRed(now, ages);
      expireDependencies(now, ages);
    });
  };
  expire(START_MS);
  expect(received(now).map(([, receivedMs]) => receivedMs)).toEqual([newestMs, newestMs, newestMs, newestMs]);
  expire(newestMs);
  expect(rates(now, HOUR_MS).calls).toBe(4);
  expire(newestMs + 1);
  expect(rates(now, HOUR_MS).calls).toBe(0);
  expect(links(now)).toEqual([]);
});

it("is read as it is by who only looks", () => {
  older();
  expect(problems(db as SqlDatabase)).toEqual([]);
  expect(rates(db as SqlDatabase, MINUTE_MS)).toEqual({ stepMs: HOUR_MS, calls: 4 });
  const later = { startMs: START_MS + 2 * HOUR_MS };
  expect(rates(db as SqlDatabase, MINUTE_MS, later)).toEqual({ stepMs: MINUTE_MS, calls: 2 });
  expect(links(db as SqlDatabase)).toEqual([4]);
});

it("is taken over in one transaction", () => {
  older();
  db?.exec(
    `CREATE TRIGGER full BEFORE INSERT ON meta WHEN new.key = 'received_with_cursors'
     BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
  );
  const { logger } = recordingHost();
  expect(() => openConsumersDb(testDriver, path, logger)).toThrow("the disk is full");
  expect(received(db as SqlDatabase)).toEqual([]);
  db?.exec("DROP TRIGGER full");
  const now = open();
  expect(received(now)).toHaveLength(4);
  expect(rates(now, HOUR_MS).calls).toBe(4);
});

it("is taken over once, and again after an older version has written to it", () => {
  older();
  const first = open();
  const receivedMs = START_MS + 5 * HOUR_MS;
  const ages = { oldestMs: START_MS, newestMs: receivedMs, nowMs: receivedMs };
  first.transaction(() => expireRed(first, ages));
  const known = received(first);
  expect(received(open())).toEqual(known);
  count([10 * MINUTE_MS, 3 * HOUR_MS], START_MS + 30 * HOUR_MS, (store) => writeAsOlder(db as SqlDatabase, 8, store));
  const again = open();
  expect(received(again)).toEqual(known.map(([hour, , minutes]) => [hour, null, minutes]));
  expect(rates(again, HOUR_MS)).toEqual({ stepMs: HOUR_MS, calls: 6 });
  expect(links(again)).toEqual([6]);
});
