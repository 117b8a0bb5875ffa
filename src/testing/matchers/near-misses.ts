import { nearest } from "../../model/text/nearest.ts";
import { spanTitle } from "../trace/draw-traces.ts";
import type { TestSpan } from "../trace/test-trace.ts";
import { compareSpan, type SpanPattern } from "./span-pattern.ts";

const SHOWN = 3;
/** A name with a letter too many is less than a demand that is met, and more than none. */
const NEARLY_THE_NAME = 0.5;

/**
 * The spans that meet most of a pattern's demands, and in what they differ; none that meets no demand and whose name is
 * not nearly the wanted one.
 */
export function nearestSpans(spans: readonly TestSpan[], pattern: SpanPattern): string[] {
  const alike = typeof pattern.name === "string" ? nearest(pattern.name, namesOf(spans)) : undefined;
  const ranked = spans
    .map((span) => {
      const { met, differs } = compareSpan(span, pattern);
      const isAlike = span.name === alike && span.name !== pattern.name;
      return { span, differs, near: met + (isAlike ? NEARLY_THE_NAME : 0) };
    })
    .filter(({ near }) => near > 0)
    // Stable: those that are equally near stay in their order.
    .sort((a, b) => b.near - a.near);
  const lines = ranked
    .slice(0, SHOWN)
    .flatMap(({ span, differs }) => [`  ${spanTitle(span)}`, ...differs.map((line) => `    ${line}`)]);
  return lines.length === 0 ? [] : ["nearest:", ...lines];
}

function namesOf(spans: readonly TestSpan[]): string[] {
  return [...new Set(spans.map(({ name }) => name))];
}
