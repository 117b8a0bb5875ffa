import { spanTitle } from "../trace/draw-traces.ts";
import { type SpanNode, spanForest } from "../trace/span-tree.ts";
import type { TestSpan } from "../trace/test-trace.ts";
import { assertPattern, compareSpan, patternText, SHAPE_KEYS, type SpanPattern, spanMatches } from "./span-pattern.ts";

/**
 * A span and what is below it: a name, or a pattern with `children`. These are all its children, in any order;
 * without `children` what is below it is not looked at.
 */
export type TraceShape = string | (SpanPattern & { readonly children?: readonly TraceShape[] });

interface Shape {
  readonly pattern: SpanPattern;
  readonly children: readonly Shape[] | undefined;
}

/** Where a trace is not of a shape, a line each; none where it is. Some root has to be of it. */
export function shapeDifferences(spans: readonly TestSpan[], written: TraceShape): string[] {
  const shape = readShape(written);
  const { roots } = spanForest(spans);
  const memo = new Map<SpanNode, Map<Shape, boolean>>();
  if (roots.some((root) => fits(root, shape, memo))) return [];
  const [nearest] = byNearness(roots, shape);
  if (nearest === undefined) return ["there is no span"];
  return differences(nearest, shape, memo);
}

/** @throws TypeError for what is no shape */
function readShape(written: TraceShape): Shape {
  if (typeof written === "string") return { pattern: { name: written }, children: undefined };
  assertPattern(written, SHAPE_KEYS);
  const { children, ...pattern } = written as Exclude<TraceShape, string>;
  if (children !== undefined && !Array.isArray(children)) {
    throw new TypeError("children of a shape: expected an array of names or shapes");
  }
  return { pattern, children: children?.map(readShape) };
}

function fits(node: SpanNode, shape: Shape, memo: Map<SpanNode, Map<Shape, boolean>>): boolean {
  const known = memo.get(node)?.get(shape);
  if (known !== undefined) return known;
  const { children } = shape;
  const result =
    spanMatches(node.span, shape.pattern) &&
    (children === undefined ||
      (children.length === node.children.length && pairUp(node.children, children, memo).size === children.length));
  memo.set(node, (memo.get(node) ?? new Map<Shape, boolean>()).set(shape, result));
  return result;
}

/** As many pairs of a span and a shape as there can be (augmenting paths). */
function pairUp(
  nodes: readonly SpanNode[],
  shapes: readonly Shape[],
  memo: Map<SpanNode, Map<Shape, boolean>>,
): Map<SpanNode, Shape> {
  const shapeOf = new Map<SpanNode, Shape>();
  const place = (shape: Shape, tried: Set<SpanNode>): boolean => {
    for (const node of nodes) {
      if (tried.has(node) || !fits(node, shape, memo)) continue;
      tried.add(node);
      const before = shapeOf.get(node);
      if (before !== undefined && !place(before, tried)) continue;
      shapeOf.set(node, shape);
      return true;
    }
    return false;
  };
  for (const shape of shapes) place(shape, new Set());
  return shapeOf;
}

/** Of a span that is not of the shape. */
function differences(node: SpanNode, shape: Shape, memo: Map<SpanNode, Map<Shape, boolean>>): string[] {
  const { differs } = compareSpan(node.span, shape.pattern);
  if (differs.length > 0) return [`${spanTitle(node.span)}:`, ...differs.map((line) => `  ${line}`)];
  const wanted = shape.children ?? [];
  const pairs = pairUp(node.children, wanted, memo);
  const placed = new Set(pairs.values());
  const lines: string[] = [];
  const left = new Set(node.children.filter((child) => !pairs.has(child)));
  for (const child of wanted.filter((one) => !placed.has(one))) {
    const [nearest] = byNearness([...left], child);
    if (nearest === undefined || compareSpan(nearest.span, child.pattern).met === 0) {
      lines.push(`below ${spanTitle(node.span)}: no ${patternText(child.pattern)}`);
    } else {
      left.delete(nearest);
      lines.push(...differences(nearest, child, memo));
    }
  }
  for (const { span } of left) lines.push(`below ${spanTitle(node.span)}: not expected: ${spanTitle(span)}`);
  return lines;
}

function byNearness(nodes: readonly SpanNode[], { pattern }: Shape): SpanNode[] {
  const nearness = new Map(nodes.map((node) => [node, compareSpan(node.span, pattern).met]));
  return nodes.toSorted((a, b) => (nearness.get(b) as number) - (nearness.get(a) as number));
}
