import { describe, expect, it } from "vitest";
import { flameBoxes, flameTree } from "./flame-tree.ts";
import { operationTimes, sortOperations } from "./operations.ts";

/** A root with two calls of `get`, each with a query below, and one of `put`. */
const columns = {
  count: 6,
  parent: Int32Array.of(-1, 0, 1, 0, 3, 0),
  service: Uint32Array.of(0, 0, 1, 0, 1, 0),
  name: Uint32Array.of(0, 1, 2, 1, 2, 3),
  services: ["a", "b"],
  names: ["root", "get", "query", "put"],
  duration: Float64Array.of(100, 30, 20, 40, 25, 10),
  status: Uint8Array.of(0, 0, 0, 0, 2, 0),
};
const self = Float64Array.of(20, 10, 20, 15, 25, 10);
const tree = flameTree(columns, self);
const nameOf = (node: number) => (node < 0 ? "…" : node === 0 ? "all" : columns.names[columns.name[tree.row[node]!]!]);

describe("the flame graph of a trace", () => {
  it("puts calls of one operation below the same ones together", () => {
    expect(Array.from({ length: tree.count }, (_, node) => nameOf(node))).toEqual([
      "all",
      "root",
      "get",
      "query",
      "put",
    ]);
    expect([...tree.spans.subarray(0, tree.count)]).toEqual([0, 1, 2, 2, 1]);
    expect([...tree.whole]).toEqual([100, 100, 70, 45, 10]);
    expect([...tree.errors.subarray(0, tree.count)]).toEqual([0, 0, 0, 1, 0]);
    expect(tree.maxDepth).toBe(3);
    expect(Array.from(tree.children(1), nameOf)).toEqual(["get", "put"]);
  });

  it("gives each as much of the width as its time, and those above the focus all of it", () => {
    const boxes = flameBoxes(tree, 0, 200, { from: 0, to: 9 });
    const told = boxes.map(({ node, x, width, level }) => [nameOf(node), x, width, level]);
    expect(told).toContainEqual(["all", 0, 200, 0]);
    expect(told).toContainEqual(["get", 0, 140, 2]);
    expect(told).toContainEqual(["put", 140, 20, 2]);
    expect(told).toContainEqual(["query", 0, 90, 3]);
    const get = tree.nodeOfRow[1]!;
    const zoomed = flameBoxes(tree, get, 140, { from: 1, to: 4 }).map(({ node, width }) => [nameOf(node), width]);
    expect(zoomed.toSorted()).toEqual([
      ["get", 140],
      ["query", 90],
      ["root", 140],
    ]);
  });

  it("draws nodes that are too thin as one", () => {
    const count = 1_001;
    const wide = flameTree(
      {
        count,
        parent: new Int32Array(count).map((_, row) => (row === 0 ? -1 : 0)),
        service: new Uint32Array(count),
        name: Uint32Array.from({ length: count }, (_, row) => row),
        names: Array.from({ length: count }, (_, row) => `n${row}`),
        status: new Uint8Array(count),
      },
      new Float64Array(count).fill(1),
    );
    const boxes = flameBoxes(wide, 0, 100, { from: 0, to: 9 }).filter(({ level }) => level === 2);
    expect(boxes).toHaveLength(1);
    expect(boxes[0]!.node).toBe(-1);
    expect(boxes[0]!.width).toBeCloseTo(100, 0);
  });

  it("takes a hundred thousand spans and chains of them", () => {
    const count = 100_000;
    const chain = flameTree(
      {
        count,
        parent: new Int32Array(count).map((_, row) => row - 1),
        service: new Uint32Array(count),
        name: new Uint32Array(count),
        names: ["n"],
        status: new Uint8Array(count),
      },
      new Float64Array(count).fill(1),
    );
    expect(chain.maxDepth).toBe(count);
    expect(flameBoxes(chain, 0, 1_000, { from: 0, to: 40 })).toHaveLength(40);
  });
});

describe("the operations of a trace", () => {
  const rows = operationTimes(columns, self);
  const names = (order: Parameters<typeof sortOperations>[1]) =>
    sortOperations(rows, order, columns).map(({ name }) => columns.names[name]);

  it("have what their spans took together, and the longest of them", () => {
    expect(rows.find(({ name }) => name === 1)).toEqual({
      service: 0,
      name: 1,
      spans: 2,
      errors: 0,
      total: 70,
      self: 25,
      longest: 40,
      row: 3,
    });
    expect(rows.reduce((sum, one) => sum + one.self, 0)).toBe(100);
  });

  it("are sorted by any of it", () => {
    expect(names("self")).toEqual(["query", "get", "root", "put"]);
    expect(names("total")).toEqual(["root", "get", "query", "put"]);
    expect(names("errors")).toEqual(["query", "get", "put", "root"]);
    expect(names("name")).toEqual(["get", "put", "root", "query"]);
  });
});
