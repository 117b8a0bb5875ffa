import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { tempFolder } from "../../../test/support/storage/rig.ts";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import { OTHER_SERVICES } from "../../model/red-metrics.ts";
import { type SqlDatabase, SqlError } from "../sqlite/driver.ts";
import { DependencyReader } from "./dependency-reader.ts";
import {
  DependencyTable,
  dependencyProblems,
  type HourlyCalls,
  prepareDependencies,
  removeDependenciesBefore,
} from "./dependency-table.ts";

const HOUR_MS = 3_600_000;
const FIRST_HOUR = 498_000;

let db: SqlDatabase;
beforeEach(() => {
  db = testDriver.open(":memory:");
  prepareDependencies(db);
});
afterEach(() => db.close());

/** By a writer that knows nothing of what was written before. */
function addDependencies(to: SqlDatabase, list: readonly HourlyCalls[], maxLinks?: number): number {
  return new DependencyTable(maxLinks).add(to, list);
}

function add(hour: number, parent: string, child: string, calls: number, durationNano = 1e6): void {
  const durations = new ExponentialHistogram();
  durations.add(durationNano, calls);
  addDependencies(db, [{ hour: FIRST_HOUR + hour, parent, child, calls, errors: calls / 2, durations }]);
}

const range = (from: number, to: number, durations: boolean) => ({
  startMs: (FIRST_HOUR + from) * HOUR_MS,
  endMs: (FIRST_HOUR + to) * HOUR_MS,
  durations,
});

describe("addDependencies", () => {
  it("keeps a bounded number of links of an hour apart and sums up the others", () => {
    const calls = (hour: number, parent: string, child: string) => ({
      hour: FIRST_HOUR + hour,
      parent,
      child,
      calls: 2,
      errors: 1,
      durations: new ExponentialHistogram(),
    });
    expect(addDependencies(db, [calls(0, "a", "b"), calls(0, "a", "c")], 3)).toBe(0);
    expect(addDependencies(db, [calls(0, "a", "d"), calls(0, "a", "e"), calls(0, "a", "b")], 3)).toBe(2);
    expect(addDependencies(db, [calls(0, "a", "f"), calls(1, "a", "f")], 3)).toBe(2);
    expect(addDependencies(db, [calls(1, "a".repeat(600), "b")])).toBe(2);
    const read = (hour: number) =>
      new DependencyReader()
        .read(db, range(hour, hour, false))
        .map(({ parent, child, callCount, errorCount }) => [parent, child, callCount, errorCount]);
    expect(read(0)).toEqual([
      [OTHER_SERVICES, OTHER_SERVICES, 4, 2],
      ["a", "b", 4, 2],
      ["a", "c", 2, 1],
      ["a", "d", 2, 1],
    ]);
    expect(read(1)).toEqual([
      [OTHER_SERVICES, OTHER_SERVICES, 2, 1],
      ["a", "f", 2, 1],
    ]);
  });
});

describe("a writer that holds what it wrote", () => {
  it("writes what one that holds nothing writes, over rollbacks, removals and hours that others write", () => {
    const service = fc.constantFrom("a", "b", "c");
    const calls = fc.record({
      hour: fc.integer({ min: FIRST_HOUR, max: FIRST_HOUR + 2 }),
      parent: service,
      child: service,
      calls: fc.integer({ min: -2, max: 9 }),
      errors: fc.integer({ min: 0, max: 2 }),
      ms: fc.integer({ min: 1, max: 1e4 }),
    });
    const step = fc.record({
      list: fc.array(calls, { maxLength: 8 }),
      outcome: fc.constantFrom("commit", "commit", "commit", "roll back", "fail", "remove", "restart"),
    });
    const stored = (of: SqlDatabase) => [
      of.prepare("SELECT hour, parent, child, calls, errors, crc FROM dependency").all(),
      of.prepare("SELECT hour, parent, child, hex(durations) AS durations FROM dependency_duration").all(),
    ];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.constantFrom(0, 2, 100), (steps, maxHeld) => {
        const mine = testDriver.open(":memory:");
        const others = testDriver.open(":memory:");
        try {
          for (const one of [mine, others]) prepareDependencies(one);
          let table = new DependencyTable(4, maxHeld);
          for (const { list, outcome } of steps) {
            function* given() {
              for (const { ms, ...more } of list) {
                const durations = new ExponentialHistogram();
                durations.add(ms * 1e6, more.calls);
                yield { ...more, durations };
              }
              if (outcome === "fail") throw new Error("disk full");
            }
            const write = (to: SqlDatabase, by: DependencyTable) =>
              to.transaction(() => {
                const summed = by.add(to, given());
                if (outcome === "roll back") throw new Error("disk full");
                return summed;
              });
            if (outcome === "fail" || outcome === "roll back") {
              expect(() => write(mine, table)).toThrow("disk full");
              continue;
            }
            expect(write(mine, table)).toBe(write(others, new DependencyTable(4, 0)));
            if (outcome === "restart") table = new DependencyTable(4, maxHeld);
            if (outcome === "remove") {
              for (const one of [mine, others]) removeDependenciesBefore(one, (FIRST_HOUR + 1) * HOUR_MS);
            }
            expect(stored(mine)).toEqual(stored(others));
            expect([...dependencyProblems(mine)]).toEqual([]);
          }
        } finally {
          mine.close();
          others.close();
        }
      }),
      { numRuns: 150 },
    );
  });

  it("does not read it again", () => {
    const table = new DependencyTable();
    const one = () => ({
      hour: FIRST_HOUR,
      parent: "a",
      child: "b",
      calls: 2,
      errors: 1,
      durations: new ExponentialHistogram(),
    });
    table.add(db, [one()]);
    // Behind its back: the hour has the same revision.
    db.exec("UPDATE dependency SET calls = 1000, crc = NULL");
    table.add(db, [one()]);
    expect(new DependencyReader().read(db, range(0, 0, false))[0]?.callCount).toBe(4);
  });
});

describe("DependencyReader", () => {
  it("sums up counts and, where asked for, durations of the hours that touch the range, sorted", () => {
    add(0, "b", "c", 2);
    add(1, "a", "c", 1, 1e6);
    add(1, "a", "b", 4, 1e6);
    add(2, "a", "b", 4, 1e9);
    add(3, "a", "b", 100);
    const reader = new DependencyReader();
    expect(reader.read(db, range(1, 2, false))).toEqual([
      { parent: "a", child: "b", callCount: 8, errorCount: 4 },
      { parent: "a", child: "c", callCount: 1, errorCount: 1 },
    ]);
    const [ab] = reader.read(db, range(1, 2, true));
    expect((ab?.p50Nano as number) / 1e6).toBeCloseTo(1, 1);
    expect((ab?.p99Nano as number) / 1e9).toBeCloseTo(1, 1);
    expect(reader.read(db, range(4, 9, true))).toEqual([]);
  });

  it("gives links without durations where a sketch cannot be read, and nothing where nothing was stored", () => {
    add(0, "a", "b", 2);
    db.prepare("UPDATE dependency_duration SET durations = ?").run(Uint8Array.of(9, 9));
    const reader = new DependencyReader();
    expect(reader.read(db, range(0, 0, true))).toEqual([{ parent: "a", child: "b", callCount: 2, errorCount: 1 }]);
    const empty = testDriver.open(":memory:");
    expect(reader.read(empty, range(0, 9, true))).toEqual([]);
    removeDependenciesBefore(empty, 1e15);
    empty.close();
  });

  it("leaves out counts that are not what was written, as the check and the next write do", () => {
    add(0, "a", "b", 2);
    add(0, "a", "c", 4);
    const reader = new DependencyReader();
    const good = { parent: "a", child: "c", callCount: 4, errorCount: 2 };
    for (const harm of ["calls = 1000", "errors = 3", "crc = crc + 1", "child = 'B'"]) {
      db.transaction(() => {
        db.exec(`UPDATE dependency SET ${harm} WHERE child = 'b'`);
        expect(reader.read(db, range(0, 0, false)), harm).toEqual([good]);
        expect(reader.read(db, range(0, 0, true)), harm).toMatchObject([good]);
        expect([...dependencyProblems(db)].length, harm).toBeGreaterThan(0);
        db.exec("DELETE FROM dependency WHERE child <> 'c'");
      });
      add(0, "a", "b", 2);
    }
    db.exec("UPDATE dependency SET calls = 1000 WHERE child = 'b'");
    add(0, "a", "b", 2);
    expect(reader.read(db, range(0, 0, false))).toEqual([
      { parent: "a", child: "b", callCount: 2, errorCount: 1 },
      good,
    ]);
  });

  it("shows no other counts whichever bit of a stored row is flipped", () => {
    const temp = tempFolder();
    try {
      const path = join(temp.path, "consumers.db");
      const whole = testDriver.open(path);
      prepareDependencies(whole);
      addDependencies(whole, [
        {
          hour: FIRST_HOUR,
          parent: "a caller",
          child: "a callee",
          calls: 1234,
          errors: 56,
          durations: new ExponentialHistogram(),
        },
      ]);
      whole.close();
      const bytes = readFileSync(path);
      const at = bytes.indexOf("a callera callee");
      expect(at).toBeGreaterThan(0);
      const seen = new Set<string>();
      // The header of the row and its hour stand before the names; the counts and the checksum behind them.
      for (let bit = (at - 12) * 8; bit < (at + 16 + 12) * 8; bit++) {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        writeFileSync(path, flipped);
        const harmed = testDriver.open(path);
        try {
          const all = { startMs: 0, endMs: 1e15, durations: false };
          seen.add(JSON.stringify(new DependencyReader().read(harmed, all)));
        } catch (error) {
          if (!(error instanceof SqlError)) throw error;
        } finally {
          harmed.close();
        }
      }
      const right = [{ parent: "a caller", child: "a callee", callCount: 1234, errorCount: 56 }];
      expect([...seen].sort()).toEqual([JSON.stringify([]), JSON.stringify(right)].sort());
    } finally {
      temp.remove();
    }
  });

  it("reads a folder of an older version, which has no checksums", () => {
    add(0, "a", "b", 2);
    db.exec("ALTER TABLE dependency DROP COLUMN crc");
    const reader = new DependencyReader();
    expect(reader.read(db, range(0, 0, true))).toMatchObject([{ parent: "a", child: "b", callCount: 2 }]);
  });

  it("knows the hours of folders that were written before there were revisions", () => {
    add(0, "a", "b", 2);
    db.exec("DROP TABLE dependency_hour");
    prepareDependencies(db);
    const reader = new DependencyReader();
    expect(reader.read(db, range(0, 0, false))).toHaveLength(1);
    add(0, "a", "b", 2);
    prepareDependencies(db);
    expect(reader.read(db, range(0, 0, false))[0]?.callCount).toBe(4);
  });

  it("does not read again what has not changed", () => {
    for (let hour = 0; hour < 6; hour++) add(hour, "a", "b", 2);
    const reader = new DependencyReader();
    reader.read(db, range(0, 5, true));
    // Behind the reader's back: without another revision, only the newest hour is looked at again.
    db.exec("UPDATE dependency SET calls = 1000, crc = NULL");
    expect(reader.read(db, range(0, 5, true))[0]?.callCount).toBe(1010);
    expect(new DependencyReader().read(db, range(0, 5, true))[0]?.callCount).toBe(6000);
  });

  it("reads what a new reader reads, whatever was written, removed and asked before", () => {
    const service = fc.constantFrom("a", "b", "c\0", "é");
    const hour = fc.integer({ min: 0, max: 7 });
    const step = fc.oneof(
      fc.record({
        type: fc.constant("add" as const),
        hour,
        parent: service,
        child: service,
        calls: fc.integer({ min: 1, max: 9 }),
        ms: fc.integer({ min: 1, max: 1e4 }),
      }),
      fc.record({ type: fc.constant("remove" as const), hour }),
      fc.record({ type: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 20 }) }),
      {
        weight: 3,
        arbitrary: fc.record({ type: fc.constant("read" as const), from: hour, to: hour, durations: fc.boolean() }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        removeDependenciesBefore(db, Number.MAX_SAFE_INTEGER);
        let now = 0;
        const reader = new DependencyReader(() => now);
        for (const one of steps) {
          if (one.type === "add") add(one.hour, one.parent, one.child, one.calls, one.ms * 1e6);
          else if (one.type === "remove") removeDependenciesBefore(db, (FIRST_HOUR + one.hour) * HOUR_MS);
          else if (one.type === "wait") now += one.minutes * 60_000;
          else {
            const query = range(one.from, one.to, one.durations);
            expect(reader.read(db, query)).toEqual(new DependencyReader().read(db, query));
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
