import { expect, it } from "vitest";
import { STATUS_CODE } from "../../../../src/model/span.ts";
import type { TraceModel } from "../model/trace-model.ts";
import { densityOf } from "./minimap-density.ts";

interface Row {
  readonly at: number;
  readonly ms: number;
  readonly service?: number;
  readonly failed?: boolean;
}

function density(rows: readonly Row[], width: number, height: number) {
  const columns = {
    count: rows.length,
    start: Float64Array.from(rows, ({ at }) => at),
    duration: Float64Array.from(rows, ({ ms }) => ms),
    service: Uint32Array.from(rows, ({ service = 0 }) => service),
    status: Uint8Array.from(rows, ({ failed }) => (failed === true ? STATUS_CODE.error : STATUS_CODE.unset)),
  };
  return densityOf({ columns, extent: 100 } as unknown as TraceModel, width, height);
}

it("counts on every pixel the spans that cover it, however short", () => {
  const rows = [
    { at: 0, ms: 100 },
    { at: 0, ms: 50 },
    { at: 50, ms: 0 },
    { at: 90, ms: 10 },
  ];
  const { count } = density(rows, 10, 2);
  expect([...count.subarray(0, 10)]).toEqual([2, 2, 2, 2, 2, 1, 1, 1, 1, 1]);
  // A span of no length still takes two pixels.
  expect([...count.subarray(10)]).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 1, 1]);
});

it("has the colour of the service with most spans there", () => {
  const rows = [
    { at: 0, ms: 100, service: 3 },
    { at: 0, ms: 50, service: 7 },
    { at: 0, ms: 50, service: 7 },
    { at: 0, ms: 50, service: 1 },
  ];
  expect([...density(rows, 4, 1).service]).toEqual([8, 8, 4, 4]);
});

it("is a failure where half of the spans failed, and a mark where a failed one among others begins", () => {
  const others = Array.from({ length: 99 }, () => ({ at: 0, ms: 100 }));
  const { failed } = density([...others, { at: 50, ms: 50, failed: true }], 10, 1);
  expect([...failed]).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
  const half = density(
    [
      { at: 0, ms: 100 },
      { at: 20, ms: 60, failed: true },
    ],
    10,
    1,
  );
  expect([...half.failed]).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 0, 0]);
});

it("counts spans of more services than it tells apart", () => {
  const rows = Array.from({ length: 40 }, (_, service) => ({ at: 0, ms: 100, service }));
  const { count, service } = density(rows, 2, 1);
  expect([...count]).toEqual([40, 40]);
  expect([...service]).toEqual([1, 1]);
});
