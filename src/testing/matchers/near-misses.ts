import { spanTitle } from "../trace/draw-traces.ts";
import type { TestSpan } from "../trace/test-trace.ts";
import { compareSpan, type SpanPattern } from "./span-pattern.ts";

const SHOWN = 3;

/** The spans that meet most of a pattern's demands, and in what they differ; none that meets no demand. */
export function nearestSpans(spans: readonly TestSpan[], pattern: SpanPattern): string[] {
  const ranked = spans
    .map((span) => ({ span, ...compareSpan(span, pattern) }))
    .filter(({ met }) => met > 0)
    // Stable: those that are equally near stay in their order.
    .sort((a, b) => b.met - a.met);
  const nearest = ranked
    .slice(0, SHOWN)
    .flatMap(({ span, differs }) => [`  ${spanTitle(span)}`, ...differs.map((line) => `    ${line}`)]);
  return nearest.length === 0 ? [] : ["nearest:", ...nearest];
}
