import type { TestSpan, TestSpanKind, TestSpanStatus } from "../trace/test-trace.ts";
import { inspected, valueMatches } from "./value-match.ts";

/**
 * What a span is expected to be: all that is named has to hold. Texts may be regular expressions, and every value an
 * asymmetric matcher such as `expect.any(Number)`.
 */
export interface SpanPattern {
  readonly name?: string | RegExp | object;
  readonly kind?: TestSpanKind;
  readonly service?: string | RegExp | object;
  readonly status?: TestSpanStatus;
  readonly statusMessage?: string | RegExp | object;
  /** These are there, with these values; others may be there too. */
  readonly attributes?: { readonly [key: string]: unknown };
  /** As `attributes`, of the resource. */
  readonly resource?: { readonly [key: string]: unknown };
  /** For each there is an event. */
  readonly events?: readonly EventPattern[];
}

export interface EventPattern {
  readonly name?: string | RegExp | object;
  readonly attributes?: { readonly [key: string]: unknown };
}

const KEYS = ["name", "kind", "service", "status", "statusMessage", "attributes", "resource", "events"] as const;

/** One thing that a pattern asks of a span. */
interface Demand {
  /** `attributes["http.route"]`. */
  readonly what: string;
  readonly expected: unknown;
  readonly found: unknown;
  readonly holds: boolean;
}

export function spanMatches(span: TestSpan, pattern: SpanPattern): boolean {
  return demandsOf(span, pattern).every(({ holds }) => holds);
}

/** How many of the pattern's demands a span meets, and a line for each that it does not. */
export function compareSpan(
  span: TestSpan,
  pattern: SpanPattern,
): { readonly met: number; readonly differs: string[] } {
  const demands = demandsOf(span, pattern);
  const failed = demands.filter(({ holds }) => !holds);
  return {
    // The name says most of what somebody had in mind.
    met: demands.reduce((sum, { holds, what }) => sum + (holds ? (what === "name" ? 2 : 1) : 0), 0),
    differs: failed.map(
      ({ what, expected, found }) => `${what}: expected ${inspected(expected)}, found ${inspected(found)}`,
    ),
  };
}

export function patternText(pattern: SpanPattern): string {
  return inspected(
    Object.fromEntries(KEYS.filter((key) => pattern[key] !== undefined).map((key) => [key, pattern[key]])),
  );
}

/** @throws TypeError for what is no pattern */
export function assertPattern(pattern: unknown, known: readonly string[] = KEYS): asserts pattern is SpanPattern {
  if (typeof pattern !== "object" || pattern === null || Array.isArray(pattern)) {
    throw new TypeError(`expected a pattern of a span, { ${KEYS.join(", ")} }, found ${inspected(pattern)}`);
  }
  const unknown = Object.keys(pattern).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`a pattern of a span has no "${unknown}"; expected some of ${known.join(", ")}`);
  }
}

/** What a shape has beside a pattern. */
export const SHAPE_KEYS = [...KEYS, "children"] as const;

function demandsOf(span: TestSpan, pattern: SpanPattern): Demand[] {
  const demands: Demand[] = [];
  const demand = (what: string, expected: unknown, found: unknown) => {
    demands.push({ what, expected, found, holds: valueMatches(found, expected) });
  };
  for (const key of ["name", "kind", "service", "status", "statusMessage"] as const) {
    if (pattern[key] !== undefined) demand(key, pattern[key], span[key]);
  }
  for (const place of ["attributes", "resource"] as const) {
    for (const [key, expected] of Object.entries(pattern[place] ?? {})) {
      const found = Object.hasOwn(span[place], key) ? span[place][key] : undefined;
      demand(`${place}[${JSON.stringify(key)}]`, expected, found);
    }
  }
  for (const [i, expected] of (pattern.events ?? []).entries()) {
    const holds = span.events.some((event) => valueMatches(event, expected));
    demands.push({ what: `events[${i}]`, expected, found: span.events.map(({ name }) => name), holds });
  }
  return demands;
}
