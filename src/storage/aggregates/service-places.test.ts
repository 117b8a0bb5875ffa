import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOUR_MS, START, START_MS, spans } from "../../../test/support/storage/aggregate-spans.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { RedAggregator } from "./red-aggregator.ts";
import { expireRed } from "./red-table.ts";
import { placesOf, readServicePlaces, servicePlaceProblems } from "./service-places.ts";

let db: SqlDatabase;
let red: RedAggregator;
beforeEach(() => {
  db = testDriver.open(":memory:");
  red = new RedAggregator();
  red.load(db);
});
afterEach(() => db.close());

/** Spans of some services arrive, `hour` hours after the first, and are stored. */
function come(services: readonly string[], hour = 0): void {
  const startTimeUnixNano = START + BigInt(hour * HOUR_MS) * 1_000_000n;
  const more = { startTimeUnixNano, endTimeUnixNano: startTimeUnixNano + 5n };
  const receivedAtMs = START_MS + hour * HOUR_MS;
  red.consume(
    spans(
      services.map((service, i) => [service, i + 1, 0, more]),
      receivedAtMs,
    ),
  );
  red.flush(db);
}
const stored = () => [...readServicePlaces(db)];

describe("places of services", () => {
  it("counts up as services come, those that come together by name", () => {
    come(["shop", "cart"]);
    come(["bank", "shop"]);
    come(["adverts"]);
    expect(stored()).toEqual([
      ["cart", 0],
      ["shop", 1],
      ["bank", 2],
      ["adverts", 3],
    ]);
    expect([...servicePlaceProblems(db)]).toEqual([]);
  });

  it("stays when a restart follows, and when retention has removed the service", () => {
    come(["shop"]);
    come(["cart"], 5);
    expireRed(db, { oldestMs: START_MS + 3 * HOUR_MS, newestMs: START_MS + 5 * HOUR_MS, nowMs: START_MS });
    expect(db.prepare("SELECT DISTINCT service AS service FROM red").all()).toEqual([{ service: "cart" }]);
    red = new RedAggregator();
    red.load(db);
    come(["bank"], 5);
    come(["shop"], 5);
    expect(stored()).toEqual([
      ["shop", 0],
      ["cart", 1],
      ["bank", 2],
    ]);
  });

  it("tells pages the same before they are stored as after", () => {
    come(["shop"]);
    const before = placesOf(db, ["bank", "adverts", "shop"]);
    come(["bank", "adverts"]);
    expect(placesOf(db, ["adverts", "bank", "shop"])).toEqual(before);
    expect(new Map(stored())).toEqual(before);
  });

  it("forgets those that were rolled back", () => {
    expect(() =>
      db.transaction(() => {
        come(["shop"]);
        throw new Error("rolled back");
      }),
    ).toThrow("rolled back");
    red.undoFlush();
    come(["cart"]);
    expect(stored()).toEqual([
      ["cart", 0],
      ["shop", 1],
    ]);
  });

  it("gives places to what an older version has counted: by hours, then by name", () => {
    come(["late"], 2);
    come(["shop", "cart"], 1);
    db.exec("DROP TABLE service_place");
    red = new RedAggregator();
    red.load(db);
    expect(stored()).toEqual([
      ["cart", 0],
      ["shop", 1],
      ["late", 2],
    ]);
  });

  it("takes a row that is not what was written for none, and says so to who checks", () => {
    come(["cart", "shop"]);
    db.exec("UPDATE service_place SET place = 0 WHERE service = 'shop'");
    expect(stored()).toEqual([["cart", 0]]);
    expect([...servicePlaceProblems(db)]).toEqual(["place of the service shop: the checksum is not that of the row"]);
    red = new RedAggregator();
    red.load(db);
    expect(stored()).toEqual([
      ["cart", 0],
      ["shop", 1],
    ]);
  });

  it("knows nothing of a store without the table", () => {
    db.exec("DROP TABLE service_place");
    expect(placesOf(db, ["shop", "cart"])).toEqual(
      new Map([
        ["cart", 0],
        ["shop", 1],
      ]),
    );
    expect([...servicePlaceProblems(db)]).toEqual([]);
  });
});
