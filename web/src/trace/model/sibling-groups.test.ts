import { describe, expect, it } from "vitest";
import { foldRows, visibleRows } from "./folding.ts";
import { closedAround, closedGroups, openGroupsText, parseOpenGroups } from "./group-folding.ts";
import { layoutTrace, pathTo } from "./layout.ts";
import { groupOf, groupOfHead, siblingGroups } from "./sibling-groups.ts";

/** Rows in pre-order as `parent:name`, or `parent:service/name`. */
function traceOf(...rows: readonly string[]) {
  const parts = rows.map((row) => /^(-?\d+):(?:(\d)\/)?(\w+)$/.exec(row)!);
  const names = [...new Set(parts.map(([, , , name]) => name!))];
  const layout = layoutTrace(Int32Array.from(parts, ([, parent]) => Number(parent)));
  const columns = {
    service: Uint32Array.from(parts, ([, , service]) => Number(service ?? 0)),
    name: Uint32Array.from(parts, ([, , , name]) => names.indexOf(name!)),
    start: Float64Array.from(rows, (_, row) => row * 10),
    duration: Float64Array.from(rows, (_, row) => row + 1),
  };
  return { layout, columns, groups: siblingGroups(columns, layout) };
}

const repeat = (row: string, times: number): string[] => new Array<string>(times).fill(row);
const shape = ({ groups }: ReturnType<typeof traceOf>) =>
  groups.list.map(({ head, members, end }) => [head, members, end]);

describe("groups of equal siblings", () => {
  it("are made from five on", () => {
    expect(shape(traceOf("-1:root", ...repeat("0:select", 5)))).toEqual([[1, 5, 6]]);
    expect(shape(traceOf("-1:root", ...repeat("0:select", 4)))).toEqual([]);
    expect(traceOf("-1:root", ...repeat("0:select", 4)).groups.ofRow).toBeUndefined();
  });

  it("need the same service, operation and parent, one after the other", () => {
    expect(shape(traceOf("-1:root", ...repeat("0:a", 3), "0:b", ...repeat("0:a", 3)))).toEqual([]);
    expect(shape(traceOf("-1:root", ...repeat("0:1/a", 3), ...repeat("0:2/a", 3)))).toEqual([]);
    expect(shape(traceOf("-1:root", "0:x", ...repeat("1:a", 3), "0:y", ...repeat("5:a", 3)))).toEqual([]);
    expect(shape(traceOf("-1:root", ...repeat("0:a", 6), ...repeat("0:b", 5)))).toEqual([
      [1, 6, 7],
      [7, 5, 12],
    ]);
  });

  it("are not made of roots and orphans, whose parents nobody knows", () => {
    expect(shape(traceOf(...repeat("-1:a", 6)))).toEqual([]);
    expect(shape(traceOf(...repeat("-2:a", 6)))).toEqual([]);
  });

  /** 0 root; five calls, each with six queries below it. */
  const nested = () =>
    traceOf("-1:root", ...[1, 8, 15, 22, 29].flatMap((call) => ["0:call", ...repeat(`${call}:select`, 6)]));

  it("take what is below with them, in which there may be more groups", () => {
    const trace = nested();
    expect(shape(trace)[0]).toEqual([1, 5, 36]);
    expect(shape(trace).slice(1)).toEqual([2, 9, 16, 23, 30].map((head) => [head, 6, head + 6]));
    expect(groupOf(trace.groups, 8)?.head).toBe(1);
    expect(groupOf(trace.groups, 12)?.head).toBe(9);
    expect(groupOf(trace.groups, 0)).toBeUndefined();
    expect(groupOfHead(trace.groups, 8)).toBeUndefined();
    expect(groupOfHead(trace.groups, 9)?.members).toBe(6);
  });

  it("sum up their times, a negative duration as it is", () => {
    const { layout, columns } = traceOf("-1:root", ...repeat("0:a", 6));
    columns.duration.set([9, 2, -5, 30, 4, 6], 1);
    expect(siblingGroups(columns, layout).list[0]).toMatchObject({
      total: 46,
      least: -5,
      median: 6,
      longest: 30,
      from: 10,
      to: 70,
    });
  });

  it("hide their siblings where they are closed, and open on the way to one", () => {
    const { layout, groups } = nested();
    const folded = foldRows(layout, { kind: "none" }, new Uint32Array(layout.count), []);
    const shown = (all: boolean, flipped: number[]) => [
      ...visibleRows(layout.size, folded, closedGroups(groups, all, flipped)),
    ];
    expect(shown(false, [])).toEqual([0, 1]);
    expect(shown(false, [1])).toEqual([0, 1, 2, 8, 9, 15, 16, 22, 23, 29, 30]);
    expect(shown(false, [1, 9])).toEqual([0, 1, 2, 8, 9, 10, 11, 12, 13, 14, 15, 16, 22, 23, 29, 30]);
    expect(shown(true, [])).toHaveLength(layout.count);
    expect(closedGroups(groups, true, [])).toBeUndefined();
    expect(shown(true, [30, 7])).toHaveLength(layout.count - 5);

    const around = (row: number, all: boolean, flipped: number[]) =>
      closedAround(groups, closedGroups(groups, all, flipped), pathTo(layout, row));
    expect(around(12, false, [])).toEqual([1, 9]);
    expect(around(12, false, [1])).toEqual([9]);
    expect(around(9, false, [1])).toEqual([]);
    expect(around(2, false, [])).toEqual([1]);
    expect(around(1, false, [])).toEqual([]);
    expect(around(0, false, [])).toEqual([]);
    expect(around(12, true, [])).toEqual([]);
  });

  it("stand in the address by what differs from all closed or all open", () => {
    const [a, b] = ["00000000000000aa", "00000000000000bb"];
    for (const text of [undefined, "all", a, `${a}.${b}`, `all.${b}`]) {
      expect(openGroupsText(parseOpenGroups(text))).toBe(text);
    }
    expect(parseOpenGroups(`x.${a}.all`)).toEqual({ all: false, flipped: [a] });
  });
});

describe("chains of spans with one child each", () => {
  /** A root with a leaf and a chain of so many levels, whose last has two children. */
  const chain = (levels: number) =>
    traceOf(
      "-1:root",
      "0:leaf",
      ...Array.from({ length: levels }, (_, i) => `${i === 0 ? 0 : i + 1}:level`),
      ...repeat(`${levels + 1}:end`, 2),
    );

  it("are groups from 24 levels on, without the last, which goes on otherwise", () => {
    // The first level has a sibling, and so stands for itself.
    expect(shape(chain(25))).toEqual([]);
    expect(shape(chain(26))).toEqual([[3, 24, 27]]);
    expect(chain(40).groups.list[0]!.kind).toBe("chain");
    expect(shape(traceOf("-1:a", ...Array.from({ length: 30 }, (_, i) => `${i}:b`)))).toEqual([[1, 29, 30]]);
  });

  it("are closed to one row, and opened by what is in them", () => {
    const { layout, groups } = chain(30);
    const closed = closedGroups(groups, false, []);
    expect([...visibleRows(layout.size, new Uint8Array(layout.count), closed)]).toEqual([0, 1, 2, 3, 31, 32, 33]);
    expect(closedAround(groups, closed, pathTo(layout, 20))).toEqual([3]);
    expect(closedAround(groups, closed, pathTo(layout, 33))).toEqual([]);
  });
});
