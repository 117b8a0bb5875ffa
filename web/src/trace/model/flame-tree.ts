import { STATUS_CODE } from "../../../../src/model/span.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";

/**
 * A trace with its calls put together: spans of one service and operation below the same ones are a node. Arrays are
 * indexed by node; a parent's number is less than its children's, and node 0 stands for the whole trace.
 */
export interface FlameTree {
  readonly count: number;
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  readonly maxDepth: number;
  /** The first of its rows, −1 for node 0. */
  readonly row: Int32Array;
  readonly spans: Int32Array;
  readonly errors: Int32Array;
  /** Time in which no child ran, of all its spans, ns; and that with all below it. */
  readonly self: Float64Array;
  readonly whole: Float64Array;
  readonly nodeOfRow: Int32Array;
  /** Children of a node, those with the most time first. */
  children(node: number): Int32Array;
}

type FlameColumns = Pick<TraceColumns, "count" | "parent" | "service" | "name" | "names" | "status">;

/** One pass over the rows, and one over the nodes. `self`: of each row, ns. */
export function flameTree(columns: FlameColumns, self: Float64Array): FlameTree {
  const size = columns.count + 1;
  const tree = {
    parent: new Int32Array(size).fill(-1),
    depth: new Int32Array(size),
    row: new Int32Array(size).fill(-1),
    spans: new Int32Array(size),
    errors: new Int32Array(size),
    self: new Float64Array(size),
  };
  const nodeOfRow = new Int32Array(columns.count);
  const known = new Map<number, number>();
  const operations = new Map<number, number>();
  let count = 1;
  let maxDepth = 0;
  for (let row = 0; row < columns.count; row++) {
    const up = columns.parent[row]!;
    const above = up < 0 ? 0 : nodeOfRow[up]!;
    const name = columns.service[row]! * columns.names.length + columns.name[row]!;
    const operation = operations.get(name) ?? operations.size;
    operations.set(name, operation);
    // Both are less than the rows, so that their product is exact.
    const key = above * size + operation;
    let node = known.get(key);
    if (node === undefined) {
      node = count++;
      known.set(key, node);
      tree.parent[node] = above;
      tree.depth[node] = tree.depth[above]! + 1;
      tree.row[node] = row;
      maxDepth = Math.max(maxDepth, tree.depth[node]!);
    }
    nodeOfRow[row] = node;
    tree.spans[node]!++;
    tree.self[node]! += self[row]!;
    if (columns.status[row] === STATUS_CODE.error) tree.errors[node]!++;
  }
  const whole = tree.self.slice(0, count);
  for (let node = count - 1; node > 0; node--) whole[tree.parent[node]!]! += whole[node]!;
  return { ...tree, count, maxDepth, whole, nodeOfRow, children: childrenBySize(tree.parent, whole, count) };
}

function childrenBySize(parent: Int32Array, whole: Float64Array, count: number): (node: number) => Int32Array {
  const first = new Int32Array(count + 1);
  for (let node = 1; node < count; node++) first[parent[node]! + 1]!++;
  for (let node = 0; node < count; node++) first[node + 1]! += first[node]!;
  const filled = first.slice();
  const nodes = new Int32Array(Math.max(0, count - 1));
  for (let node = 1; node < count; node++) nodes[filled[parent[node]!]!++] = node;
  const sorted = new Uint8Array(count);
  return (node) => {
    const list = nodes.subarray(first[node], first[node + 1]);
    // Sorted when they are first asked for: most of a large tree is too small to be drawn.
    if (sorted[node] === 0) {
      sorted[node] = 1;
      list.sort((a, b) => whole[b]! - whole[a]! || a - b);
    }
    return list;
  };
}

/** A node as it is drawn: pixels from the left, its row from the top. Node −1 stands for several too thin to see. */
export interface FlameBox {
  readonly node: number;
  readonly x: number;
  readonly width: number;
  readonly level: number;
}

/** Thinner nodes are drawn together, pixels. */
const LEAST = 0.7;

/**
 * What is drawn of a tree in so many pixels: the nodes above `focus` over the whole width, and those below it by their
 * time. Nodes that are too thin are one box for each run of them, so that there are as many boxes as pixels a level.
 */
export function flameBoxes(
  tree: FlameTree,
  focus: number,
  width: number,
  levels: { readonly from: number; readonly to: number },
): readonly FlameBox[] {
  const boxes: FlameBox[] = [];
  const add = (box: FlameBox) => {
    if (box.level >= levels.from && box.level < levels.to) boxes.push(box);
  };
  for (let node = focus; node >= 0; node = tree.parent[node]!) add({ node, x: 0, width, level: tree.depth[node]! });
  const scale = tree.whole[focus]! > 0 ? width / tree.whole[focus]! : 0;
  const stack: { node: number; x: number }[] = [{ node: focus, x: 0 }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const level = tree.depth[at.node]! + 1;
    if (level >= levels.to) continue;
    let x = at.x;
    const end = x + (tree.whole[at.node]! - tree.self[at.node]!) * scale;
    for (const child of tree.children(at.node)) {
      const wide = tree.whole[child]! * scale;
      if (wide < LEAST) {
        // The rest is thinner still.
        if (end - x >= LEAST / 2) add({ node: -1, x, width: Math.max(LEAST, end - x), level });
        break;
      }
      add({ node: child, x, width: wide, level });
      stack.push({ node: child, x });
      x += wide;
    }
  }
  return boxes;
}
