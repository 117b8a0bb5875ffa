import { expect, it } from "vitest";
import { emptySearch } from "./empty-search.ts";

const SERVICES = [
  { name: "checkout", operations: [{ name: "POST /orders" }] },
  { name: "payment", operations: [{ name: "POST /charge" }] },
];

it.each([
  [{}, "no trace matches"],
  [{ lookback: "1h" }, "no trace matches in the last 1h; a longer --lookback, or none, looks further back"],
  [{ start: "1" }, "no trace matches in this time range; without --start and --end any time is searched"],
  [{ service: "chekout", lookback: "1h" }, "no service is called chekout; did you mean checkout?"],
  [{ service: "zzz" }, "no service is called zzz; `spanloom list services` has all names"],
  [
    { service: "payment", operation: "POST /chrage" },
    "no operation of payment is called POST /chrage; did you mean POST /charge?",
  ],
  [{ operation: "x" }, "no operation is called x; `spanloom list operations <service>` has all names"],
  [{ service: "payment" }, "no trace matches"],
])("says of %j what may be why: %s", (asked, text) => {
  expect(emptySearch(asked, SERVICES)).toBe(text);
});

it("says that nothing is stored", () => {
  expect(emptySearch({ lookback: "1h" }, [])).toContain("nothing is stored");
});
