import type { TraceSummary } from "../../../src/model/trace-query.ts";
import { type NaiveSpan, summarise } from "../search/naive-search.ts";

/** The distinct spans of one trace, and how they hang together: always of the whole trace. */
export interface NaiveTrace {
  readonly spans: readonly NaiveSpan[];
  readonly summary: TraceSummary;
  /** All spans with the id that is the span's parent, but not itself, the earliest first. */
  parents(span: NaiveSpan): readonly NaiveSpan[];
  children(span: NaiveSpan): readonly NaiveSpan[];
  /** Children and theirs, never the span itself. */
  descendants(span: NaiveSpan): ReadonlySet<NaiveSpan>;
  nestedSet(span: NaiveSpan): { readonly left: bigint; readonly right: bigint; readonly parent: bigint };
}

export function naiveTrace(spans: readonly NaiveSpan[]): NaiveTrace {
  const parents = ({ span }: NaiveSpan) =>
    spans
      .filter((other) => other.span !== span && span.parentSpanId !== "" && other.span.spanId === span.parentSpanId)
      .toSorted(
        ({ span: a }, { span: b }) =>
          Number(a.startTimeUnixNano - b.startTimeUnixNano) ||
          a.kind - b.kind ||
          Number(a.endTimeUnixNano - b.endTimeUnixNano),
      );
  const children = (span: NaiveSpan) => spans.filter((other) => parents(other).includes(span));
  const numbers = nestedSets(spans, children);
  return {
    spans,
    summary: summarise(spans[0]?.span.traceId ?? "", spans, []),
    parents,
    children,
    descendants(span) {
      const found = new Set(children(span));
      for (const one of found) for (const child of children(one)) found.add(child);
      found.delete(span);
      return found;
    },
    nestedSet: (span) => numbers.get(span) ?? { left: 0n, right: 0n, parent: span.span.parentSpanId === "" ? -1n : 0n },
  };
}

/** Numbers in the order in which a walk from the roots, earliest first, comes to a span and leaves it. */
function nestedSets(spans: readonly NaiveSpan[], children: (span: NaiveSpan) => readonly NaiveSpan[]) {
  const numbers = new Map<NaiveSpan, { left: bigint; right: bigint; parent: bigint }>();
  let next = 1n;
  const walk = (list: readonly NaiveSpan[], parent: bigint) => {
    for (const span of inOrder(list)) {
      if (numbers.has(span)) continue;
      const own = { left: next++, right: 0n, parent };
      numbers.set(span, own);
      walk(children(span), own.left);
      own.right = next++;
    }
  };
  walk(
    spans.filter(({ span }) => span.parentSpanId === ""),
    -1n,
  );
  return numbers;
}

function inOrder(spans: readonly NaiveSpan[]): NaiveSpan[] {
  return spans.toSorted(
    ({ span: a }, { span: b }) =>
      Number(a.startTimeUnixNano - b.startTimeUnixNano) ||
      (a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : a.kind - b.kind) ||
      Number(a.endTimeUnixNano - b.endTimeUnixNano),
  );
}
