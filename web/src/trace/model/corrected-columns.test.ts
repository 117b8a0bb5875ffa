import { describe, expect, it } from "vitest";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import { correctedColumns } from "./corrected-columns.ts";

/** A root of 0 to 100 with a child of a wrong clock, which has an event and a child; one that is right, an orphan. */
const columns: TraceColumns = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  count: 5,
  baseStartNano: 1_000n,
  durationNano: 400,
  collapsedDuplicates: 0,
  start: Float64Array.of(0, 10, 300, 310, 390),
  duration: Float64Array.of(100, 50, 20, 10, 10),
  parent: Int32Array.of(-1, 0, 0, 2, -2),
  service: Uint32Array.of(0, 0, 1, 1, 0),
  name: Uint32Array.of(0, 1, 2, 3, 4),
  label: new Uint32Array(5),
  eventTime: Float64Array.of(20, 315),
  eventRow: Uint32Array.of(1, 2),
  eventIsException: Uint8Array.of(0, 1),
  labels: [],
  missingRows: Uint32Array.of(4),
  attributeCount: Uint16Array.of(1, 2, 3, 4, 5),
  eventCount: Uint16Array.of(0, 1, 1, 0, 0),
  linkCount: new Uint16Array(5),
  spanIds: Uint8Array.from({ length: 40 }, (_, i) => (i % 8 === 7 ? (i + 1) / 8 : 0)),
  missingParentIds: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9),
  kind: new Uint8Array(5),
  status: Uint8Array.of(0, 0, 2, 0, 0),
  marks: new Uint8Array(5),
  services: ["a", "b"],
  names: ["root", "right", "wrong", "below", "orphan"],
};
const namesOf = ({ name, names }: TraceColumns) => Array.from(name, (at) => names[at]);

describe("a trace with the differences of its clocks taken off", () => {
  it("has its rows by their new times, each with all that it has", () => {
    const corrected = correctedColumns(columns, Float64Array.of(0, 0, 298, 298, 0));
    expect(namesOf(corrected)).toEqual(["root", "wrong", "below", "right", "orphan"]);
    expect([...corrected.start]).toEqual([0, 2, 12, 10, 390]);
    expect([...corrected.parent]).toEqual([-1, 0, 1, 0, -2]);
    expect([...corrected.status]).toEqual([0, 2, 0, 0, 0]);
    expect(Array.from({ length: 5 }, (_, row) => corrected.spanIds[row * 8 + 7])).toEqual([1, 3, 4, 2, 5]);
    expect([...corrected.missingRows]).toEqual([4]);
    expect([...corrected.missingParentIds]).toEqual([...columns.missingParentIds]);
    expect([...corrected.eventRow]).toEqual([1, 3]);
    expect([...corrected.eventTime]).toEqual([17, 20]);
    expect([...corrected.eventIsException]).toEqual([1, 0]);
  });

  it("begins with its earliest span, and ends with its latest", () => {
    const corrected = correctedColumns(columns, Float64Array.of(-250, 0, 0, 0, 300));
    expect(corrected.baseStartNano).toBe(1_010n);
    expect(Math.min(...corrected.start)).toBe(0);
    expect(corrected.durationNano).toBe(340);
    expect(namesOf(corrected)).toEqual(["orphan", "root", "right", "wrong", "below"]);
    expect([...corrected.missingRows]).toEqual([0]);
  });

  it("is the same where there are none", () => {
    expect(correctedColumns(columns, new Float64Array(5))).toEqual(columns);
  });
});
