import type { TestSpan, TestTrace } from "./test-trace.ts";

/** A span with those that name it as their parent, by start. */
export interface SpanNode {
  readonly span: TestSpan;
  readonly children: readonly SpanNode[];
}

interface OpenNode {
  readonly span: TestSpan;
  readonly children: OpenNode[];
  parent: OpenNode | undefined;
}

export interface SpanForest {
  /** Spans without a parent and those whose parent is not there, by start. */
  readonly roots: readonly SpanNode[];
  /** Every span once, parents before their children. */
  readonly inOrder: readonly SpanNode[];
}

/** The spans of one trace as trees. A span that is its own ancestor is a root. */
export function spanForest(spans: readonly TestSpan[]): SpanForest {
  const nodes = spans.toSorted(byStart).map((span): OpenNode => ({ span, children: [], parent: undefined }));
  const byId = new Map<string, OpenNode[]>();
  for (const node of nodes) byId.set(node.span.spanId, [...(byId.get(node.span.spanId) ?? []), node]);
  const roots: OpenNode[] = [];
  for (const node of nodes) {
    const parent = parentOf(node, byId);
    if (parent === undefined || isAncestor(node, parent)) roots.push(node);
    else {
      node.parent = parent;
      parent.children.push(node);
    }
  }
  return { roots, inOrder: preOrder(roots) };
}

/** A trace of spans that have one trace id. */
export function traceOf(traceId: string, spans: readonly TestSpan[]): TestTrace {
  const { roots, inOrder } = spanForest(spans);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const missing = spans.map(({ parentSpanId }) => parentSpanId).filter((id) => id !== "" && !ids.has(id));
  return {
    traceId,
    spans: inOrder.map(({ span }) => span),
    root: roots.find(({ span }) => span.parentSpanId === "")?.span,
    missingParents: [...new Set(missing)],
  };
}

/** Zipkin's client and server spans share an id: the server's is the child, and has the children. */
function parentOf({ span }: OpenNode, byId: ReadonlyMap<string, readonly OpenNode[]>): OpenNode | undefined {
  if (span.kind === "server") {
    const client = byId.get(span.spanId)?.find((one) => one.span.kind === "client");
    if (client !== undefined) return client;
  }
  const found = span.parentSpanId === "" ? undefined : byId.get(span.parentSpanId);
  return found?.find((one) => one.span.kind === "server") ?? found?.[0];
}

function isAncestor(node: OpenNode, of: OpenNode): boolean {
  for (let at: OpenNode | undefined = of; at !== undefined; at = at.parent) if (at === node) return true;
  return false;
}

function preOrder(roots: readonly OpenNode[]): OpenNode[] {
  const ordered: OpenNode[] = [];
  const stack = roots.toReversed();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    ordered.push(node);
    for (const child of node.children.toReversed()) stack.push(child);
  }
  return ordered;
}

function byStart(a: TestSpan, b: TestSpan): number {
  const [from, to] = [BigInt(a.startTimeUnixNano), BigInt(b.startTimeUnixNano)];
  return from < to ? -1 : from > to ? 1 : 0;
}
