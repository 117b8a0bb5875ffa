import { afterEach, beforeEach, expect, it } from "vitest";
import { testDriver } from "../../../test/support/storage/driver.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import {
  expireHours,
  type LogAges,
  NewestReceived,
  prepareReceivedHours,
  ReceivedHours,
  readReceivedHours,
  receivedHourProblems,
  removeReceivedBefore,
  writeReceivedHours,
} from "./received-hours.ts";

const HOUR_MS = 3_600_000;
/** Hours since the epoch, and the time at which it begins. */
const HOUR = 498_720;
const START_MS = HOUR * HOUR_MS;

let db: SqlDatabase;
let hours: ReceivedHours;
beforeEach(() => {
  db = testDriver.open(":memory:");
  prepareReceivedHours(db);
  hours = new ReceivedHours("red");
});
afterEach(() => db.close());

const known = () => [...readReceivedHours(db, "red").values()];
const ages = (oldestMs: number, newestMs: number, nowMs = newestMs): LogAges => ({ oldestMs, newestMs, nowMs });

it("keeps the newest receive time of an hour, in whatever order they are noted", () => {
  for (const receivedMs of [2, 3, 1]) hours.note(db, HOUR, receivedMs);
  expect(known()).toEqual([{ hour: HOUR, receivedMs: 3, minutes: true }]);
  new ReceivedHours("dependencies").note(db, HOUR, 9);
  expect(known()).toHaveLength(1);
  expect([...readReceivedHours(db, "dependencies").values()]).toEqual([{ hour: HOUR, receivedMs: 9, minutes: false }]);
});

it("says what was known of an hour before", () => {
  expect(hours.note(db, HOUR, 1).before).toBeUndefined();
  expect(hours.note(db, HOUR, 2).before).toEqual({ hour: HOUR, receivedMs: 1, minutes: true });
});

it("lets an hour go when nothing in the log is as old, and not before", () => {
  hours.note(db, HOUR, START_MS);
  expect(expireHours(db, "red", [HOUR], ages(START_MS, START_MS + HOUR_MS)).gone).toEqual([]);
  expect(expireHours(db, "red", [HOUR], ages(START_MS + 1, START_MS + HOUR_MS)).gone).toEqual([HOUR]);
  expect(known()).toEqual([]);
});

it("takes what it does not know for received with the newest span in the log, without any minute", () => {
  const newestMs = START_MS + HOUR_MS;
  const found = expireHours(db, "red", [HOUR, HOUR + 1], ages(START_MS, newestMs));
  expect(found).toEqual({ gone: [], withoutMinutes: [HOUR, HOUR + 1] });
  expect(known()).toEqual([HOUR, HOUR + 1].map((hour) => ({ hour, receivedMs: newestMs, minutes: false })));
  expect(expireHours(db, "red", [HOUR, HOUR + 1], ages(newestMs + 1, newestMs + 2)).gone).toEqual([HOUR, HOUR + 1]);
});

it("does not take a receive time for the newest of an hour of which not all are known", () => {
  writeReceivedHours(db, "red", [{ hour: HOUR, receivedMs: null, minutes: true }]);
  hours.note(db, HOUR, START_MS);
  expect(known()).toEqual([{ hour: HOUR, receivedMs: null, minutes: true }]);
  expireHours(db, "red", [HOUR], ages(0, START_MS + 5));
  expect(known()).toEqual([{ hour: HOUR, receivedMs: START_MS + 5, minutes: true }]);
});

it("a clock that was ahead keeps an hour as long as the log has what it stamped", () => {
  const ahead = START_MS + 14 * 365 * 24 * HOUR_MS;
  hours.note(db, HOUR, ahead);
  expect(expireHours(db, "red", [HOUR], ages(START_MS, ahead, START_MS)).gone).toEqual([]);
  expect(expireHours(db, "red", [HOUR], ages(START_MS, START_MS + 1, START_MS + 2)).gone).toEqual([HOUR]);
});

it("a clock that fell back lets nothing go", () => {
  hours.note(db, HOUR, START_MS);
  hours.note(db, HOUR + 1, 1_000);
  const found = expireHours(db, "red", [HOUR, HOUR + 1], ages(1_000, START_MS, 2_000));
  expect(found).toEqual({ gone: [], withoutMinutes: [] });
});

it("forgets hours that the aggregate has nothing of", () => {
  hours.note(db, HOUR, START_MS);
  expect(expireHours(db, "red", [], ages(START_MS, START_MS)).gone).toEqual([]);
  expect(known()).toEqual([]);
});

it("removes hours by number, also where there is no table", () => {
  for (const hour of [HOUR, HOUR + 1]) hours.note(db, hour, START_MS);
  removeReceivedBefore(db, "red", HOUR + 1);
  expect(known().map(({ hour }) => hour)).toEqual([HOUR + 1]);
  db.exec("DROP TABLE received_hour");
  removeReceivedBefore(db, "red", HOUR + 2);
});

it.each(["received_ms = received_ms + 1", "received_ms = NULL", "minutes = 0", "hour = hour + 1", "aggregate = 'rad'"])(
  "notices %s, and believes nothing of it",
  (harm) => {
    hours.note(db, HOUR, START_MS);
    expect([...receivedHourProblems(db)]).toEqual([]);
    db.exec(`UPDATE received_hour SET ${harm}`);
    expect([...receivedHourProblems(db)]).toHaveLength(1);
    for (const { receivedMs, minutes } of known())
      expect({ receivedMs, minutes }).toEqual({ receivedMs: null, minutes: false });
  },
);

it("holds the newest receive times of a bounded number of hours", () => {
  const newest = new NewestReceived();
  newest.add(HOUR, 5);
  newest.add(HOUR, 3);
  newest.add(HOUR + 1, 4);
  expect([newest.of(HOUR), newest.of(HOUR + 1), newest.of(HOUR + 2)]).toEqual([5, 4, 5]);
  for (let hour = 0; hour < 20_000; hour++) newest.add(hour, 1);
  expect(newest.of(HOUR + 1)).toBe(5);
});
