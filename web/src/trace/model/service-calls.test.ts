import { expect, it } from "vitest";
import { serviceCalls, serviceShares } from "./service-calls.ts";

/** Shop (0) calls stock (1) twice, once failing; stock works on by itself, and calls back. */
const COLUMNS = {
  count: 5,
  parent: Int32Array.of(-1, 0, 1, 0, 3),
  service: Uint32Array.of(0, 1, 1, 1, 0),
  duration: Float64Array.of(100, 20, 15, 60, 5),
  status: Uint8Array.of(0, 2, 0, 0, 0),
};

it("are spans below those of another service, with the failed and the longest of them", () =>
  expect(serviceCalls(COLUMNS)).toEqual([
    { from: 0, to: 1, calls: 2, errors: 1, longest: 60, row: 3 },
    { from: 1, to: 0, calls: 1, errors: 0, longest: 5, row: 4 },
  ]));

it("are none where a parent has not arrived", () =>
  expect(serviceCalls({ ...COLUMNS, parent: Int32Array.of(-1, -2, 1, -2, 3) })).toHaveLength(1));

it("sum what each service did, and know where it did the most", () =>
  expect(serviceShares(COLUMNS, Float64Array.of(20, 5, 15, 55, 5))).toEqual([
    { service: 0, spans: 2, errors: 0, self: 25, row: 0 },
    { service: 1, spans: 3, errors: 1, self: 75, row: 3 },
  ]));
