import { compareText } from "../../model/compare-text.ts";
import { type SpanNode, spanForest } from "../trace/span-tree.ts";
import type { TestAttributes, TestSpan, TestTrace } from "../trace/test-trace.ts";
import { inspected } from "./value-match.ts";

export interface SnapshotOptions {
  /** Which attributes of spans are in the snapshot; default: all. */
  readonly attributes?: readonly string[];
}

/** Attributes that are other ones in every run (OpenTelemetry's semantic conventions). */
const VOLATILE = [
  /(?:^|\.)(?:port|pid)$/,
  /^(?:thread|process|host|code)\./,
  /^(?:net\.(?:sock\.)?(?:peer|host)|server|client|network\.(?:peer|local))\.(?:ip|address|addr|name)$/,
  /^user_agent\.original$|^messaging\.message\.id$/,
];
/** Ports of this machine, and ids, inside of other texts. */
const LOCAL_PORT = /\b(localhost|127\.0\.0\.1|\[::1\]):\d{1,5}\b/g;
const LONG_HEX = /\b(?:[0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/gi;

/**
 * Traces as a text that is the same in every run that does the same: without ids, times and attributes that tell of
 * the machine, children and traces ordered by what they are.
 */
export function snapshotText(traces: readonly TestTrace[], { attributes }: SnapshotOptions = {}): string {
  const blocks = traces.map(({ spans }) => traceText(spans, attributes));
  return blocks.sort().join("\n\n");
}

function traceText(spans: readonly TestSpan[], keys: readonly string[] | undefined): string {
  const { roots, inOrder } = spanForest(spans);
  const lines = new Map<SpanNode, readonly string[]>();
  // Children come after their parents: from the end on, theirs are known.
  for (const node of inOrder.toReversed()) {
    const below = blocksOf(node.children, lines)
      .flat()
      .map((line) => `  ${line}`);
    lines.set(node, [...spanLines(node.span, keys), ...below]);
  }
  return blocksOf(roots, lines).flat().join("\n");
}

function blocksOf(nodes: readonly SpanNode[], lines: ReadonlyMap<SpanNode, readonly string[]>): (readonly string[])[] {
  const blocks = nodes.map((node) => lines.get(node) as readonly string[]);
  return blocks.sort((a, b) => compareText(a.join("\n"), b.join("\n")));
}

function spanLines(span: TestSpan, keys: readonly string[] | undefined): string[] {
  const status =
    span.status === "error" ? ` error${span.statusMessage === "" ? "" : `: ${stable(span.statusMessage)}`}` : "";
  return [
    `${stable(span.name)} (${span.service}, ${span.kind})${status}`,
    ...attributeLines(span.attributes, keys).map((line) => `  | ${line}`),
    ...span.events.map(({ name }) => `  * ${stable(name)}`),
  ];
}

function attributeLines(attributes: TestAttributes, keys: readonly string[] | undefined): string[] {
  return Object.entries(attributes)
    .filter(([key]) => keys === undefined || keys.includes(key))
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, value]) => {
      const own = keys === undefined && VOLATILE.some((pattern) => pattern.test(key)) ? "…" : stable(inspected(value));
      return `${key} = ${own}`;
    });
}

function stable(text: string): string {
  return text.replace(LOCAL_PORT, "$1:…").replace(LONG_HEX, "…");
}
