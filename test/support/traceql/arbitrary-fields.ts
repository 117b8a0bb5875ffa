import fc from "fast-check";
import type { SpanKind, StatusCode } from "../../../src/model/span.ts";
import type {
  FieldExpression,
  TraceqlComparison,
  TraceqlField,
  TraceqlIntrinsic,
  TraceqlLiteral,
} from "../../../src/model/traceql.ts";

/** Fields and conditions over the keys, names and values of `test/support/search/arbitrary-traces.ts`. */

export const scope = fc.constantFrom("any", "any", "span", "span", "resource", "event", "link", "instrumentation");
export const key = fc.constantFrom("k", "k", "http.status", "otel.scope.name", "service.name", "absent");

export const parent = fc.constantFrom<{ parent?: true }>({}, {}, {}, { parent: true });

export const attributeField: fc.Arbitrary<TraceqlField> = fc
  .tuple(scope, key, parent)
  .map(([scope, key, parent]) => ({ scope, key, ...parent }) as TraceqlField);

export const STRINGS: readonly TraceqlIntrinsic[] = [
  "span:name",
  "span:statusMessage",
  "trace:rootName",
  "trace:rootService",
  "event:name",
  "instrumentation:name",
  "instrumentation:version",
];
const OF_SPANS: readonly TraceqlIntrinsic[] = ["span:id", "span:parentID", "link:spanID"];
const OF_TRACES: readonly TraceqlIntrinsic[] = ["trace:id", "link:traceID"];
export const IDS: readonly TraceqlIntrinsic[] = [...OF_SPANS, ...OF_TRACES];
export const NUMBERS: readonly TraceqlIntrinsic[] = [
  "span:duration",
  "span:duration",
  "span:childCount",
  "trace:duration",
  "event:timeSinceStart",
  "nestedSetParent",
  "nestedSetLeft",
  "nestedSetRight",
];

const intrinsicOf = (names: readonly TraceqlIntrinsic[]): fc.Arbitrary<FieldExpression> =>
  fc
    .tuple(fc.constantFrom(...names), parent)
    .map(([intrinsic, parent]) => ({ expr: "field", field: { intrinsic, ...parent } }));
export const attribute: fc.Arbitrary<FieldExpression> = attributeField.map((field) => ({ expr: "field", field }));
const strings = (values: readonly string[]) =>
  fc.constantFrom(...values).map((value) => literal({ type: "string", value }));
const literal = (value: TraceqlLiteral): FieldExpression => ({ expr: "literal", value });

export const texts = fc
  .constantFrom("a", "ab", "true", "5", "", "ünï", "GET /", "work", "cart", "shop", "lib", "event", "boom", 'q"\\\n')
  .map((value): TraceqlLiteral => ({ type: "string", value }));
const patterns = fc
  .constantFrom("a", "a.*", "GET /.?", "\\d", "true|ok", "[a-u]+", "")
  .map((value): TraceqlLiteral => ({ type: "string", value }));
export const numbers: fc.Arbitrary<TraceqlLiteral> = fc.oneof(
  fc
    .constantFrom(0n, 1n, 2n, 5n, -1n, 100n, 2n ** 53n + 1n, -(2n ** 63n))
    .map((value) => ({ type: "int" as const, value })),
  fc.constantFrom(0.5, 5, -1.5, 1e300).map((value) => ({ type: "float" as const, value })),
  fc.constantFrom(0n, 5n, 100n, 1000n, -5n, 90_000n, 3_600_000_000_000n).map((value) => ({
    type: "duration" as const,
    value,
  })),
);
const SPAN_IDS = ["f".repeat(16), "1".padStart(16, "0"), "2".padStart(16, "0"), "x"];
const TRACE_IDS = ["1".repeat(32), "3".repeat(32), "f".repeat(32), "0e".repeat(16)];

export const equality = fc.constantFrom<TraceqlComparison>("=", "!=");
export const ordering = fc.constantFrom<TraceqlComparison>("=", "!=", ">", ">=", "<", "<=");
const matching = fc.constantFrom<TraceqlComparison>("=~", "!~");

const compare = (
  left: fc.Arbitrary<FieldExpression>,
  is: fc.Arbitrary<TraceqlComparison>,
  right: fc.Arbitrary<FieldExpression>,
): fc.Arbitrary<FieldExpression> =>
  fc.tuple(left, is, right).map(([left, is, right]) => ({ expr: "compare", is, left, right }));

export const numeric: fc.Arbitrary<FieldExpression> = fc.letrec<{ numeric: FieldExpression }>((tie) => ({
  numeric: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    numbers.map(literal),
    attribute,
    intrinsicOf(NUMBERS),
    fc
      .tuple(fc.constantFrom("+", "-", "*", "/", "%", "^"), tie("numeric"), tie("numeric"))
      .map(([op, left, right]) => ({ expr: "arithmetic", op, left, right }) as FieldExpression),
    tie("numeric").map((of): FieldExpression => ({ expr: "negative", of })),
  ),
})).numeric;

export const text = fc.oneof(attribute, intrinsicOf(STRINGS));
const kinds = fc.integer({ min: 0, max: 5 }).map((value) => literal({ type: "kind", value: value as SpanKind }));
const statuses = fc.integer({ min: 0, max: 2 }).map((value) => literal({ type: "status", value: value as StatusCode }));
export const bool = fc.boolean().map((value) => literal({ type: "bool", value }));

/** Comparisons of a field with a literal, as people write them. */
const plain: fc.Arbitrary<FieldExpression> = fc.oneof(
  { weight: 4, arbitrary: compare(text, ordering, texts.map(literal)) },
  { weight: 2, arbitrary: compare(text, matching, patterns.map(literal)) },
  { weight: 3, arbitrary: compare(fc.oneof(attribute, intrinsicOf(NUMBERS)), ordering, numbers.map(literal)) },
  { weight: 1, arbitrary: compare(attribute, equality, bool) },
  { weight: 1, arbitrary: compare(intrinsicOf(["span:kind"]), equality, kinds) },
  { weight: 1, arbitrary: compare(intrinsicOf(["span:status"]), equality, statuses) },
  { weight: 1, arbitrary: compare(intrinsicOf(OF_SPANS), equality, strings(SPAN_IDS)) },
  { weight: 1, arbitrary: compare(intrinsicOf(OF_TRACES), equality, strings(TRACE_IDS)) },
  {
    weight: 2,
    arbitrary: compare(
      fc.oneof(attribute, attribute, intrinsicOf([...STRINGS, ...IDS, ...NUMBERS])),
      equality,
      fc.constant(literal({ type: "nil" })),
    ),
  },
);

export const condition: fc.Arbitrary<FieldExpression> = fc.letrec<{ condition: FieldExpression }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 8, arbitrary: plain },
    { weight: 2, arbitrary: compare(numeric, ordering, numeric) },
    { weight: 1, arbitrary: compare(texts.map(literal), ordering, text) },
    { weight: 1, arbitrary: bool },
    { weight: 1, arbitrary: attribute },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom("and", "or"), tie("condition"), tie("condition"))
        .map(([expr, left, right]) => ({ expr, left, right }) as FieldExpression),
    },
    { weight: 2, arbitrary: tie("condition").map((of): FieldExpression => ({ expr: "not", of })) },
    { weight: 1, arbitrary: compare(tie("condition"), equality, fc.oneof(bool, tie("condition"))) },
  ),
})).condition;
