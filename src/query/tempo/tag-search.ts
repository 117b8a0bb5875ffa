import { STATUS_CODE } from "../../model/span.ts";
import { textPatternFault } from "../../model/text/text-pattern.ts";
import type { FieldExpression, SpansetExpression, TraceqlField, TraceqlQuery } from "../../model/traceql.ts";
import { badTempo } from "./params.ts";

const MAX_INT = (1n << 63n) - 1n;

/** Tags of Tempo's search that are no attributes. */
const INTRINSIC_TAGS: Readonly<Record<string, TraceqlField>> = {
  name: { intrinsic: "span:name" },
  "root.name": { intrinsic: "trace:rootName" },
  "root.service.name": { intrinsic: "trace:rootService" },
};
const STATUS_TAGS = ["status.code", "status"];

/**
 * A search by tags as TraceQL: each holds for some span of the trace. A value is looked for within texts, whatever the
 * case of its letters; a number or a boolean is also found as what it is.
 * @throws PermanentError `bad_request`
 */
export function queryOfTags(tags: readonly (readonly [key: string, value: string])[]): TraceqlQuery {
  const parts = tags.map(([key, value]): SpansetExpression => ({ op: "spans", where: conditionOf(key, value) }));
  const first = parts.reduce<SpansetExpression | undefined>(
    (left, right) => (left === undefined ? right : { op: "and", left, right }),
    undefined,
  );
  return { pipeline: { first: first ?? { op: "spans" }, stages: [] }, hints: [] };
}

function conditionOf(key: string, value: string): FieldExpression {
  const status = STATUS_TAGS.includes(key) ? Object.entries(STATUS_CODE).find(([name]) => name === value) : undefined;
  if (status !== undefined) return statusIs(status[1]);
  const intrinsic = Object.hasOwn(INTRINSIC_TAGS, key) ? INTRINSIC_TAGS[key] : undefined;
  if (intrinsic !== undefined) return contains(intrinsic, key, value);
  const field: TraceqlField = { scope: "any", key };
  const either = [contains(field, key, value), ...typedValues(value).map((one) => equals(field, one))];
  if (key === "error" && value === "true") either.push(statusIs(STATUS_CODE.error));
  return either.reduce((left, right) => ({ expr: "or", left, right }));
}

function statusIs(value: (typeof STATUS_CODE)[keyof typeof STATUS_CODE]): FieldExpression {
  return equals({ intrinsic: "span:status" }, { expr: "literal", value: { type: "status", value } });
}

type LiteralExpression = Extract<FieldExpression, { expr: "literal" }>;

function typedValues(text: string): LiteralExpression[] {
  if (text === "true" || text === "false")
    return [{ expr: "literal", value: { type: "bool", value: text === "true" } }];
  if (/^-?\d{1,19}$/.test(text)) {
    const value = BigInt(text);
    if (value <= MAX_INT && value >= -MAX_INT) return [{ expr: "literal", value: { type: "int", value } }];
  }
  if (/^-?\d+\.\d+$/.test(text)) return [{ expr: "literal", value: { type: "float", value: Number(text) } }];
  return [];
}

function equals(field: TraceqlField, right: LiteralExpression): FieldExpression {
  return { expr: "compare", is: "=", left: { expr: "field", field }, right };
}

function contains(field: TraceqlField, key: string, value: string): FieldExpression {
  const pattern = `(?is).*${value.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&")}.*`;
  const fault = textPatternFault(pattern);
  if (fault !== undefined) throw badTempo(`invalid tags: the value of ${key} is too long: ${fault}`);
  const text = { expr: "literal", value: { type: "string", value: pattern } } as const;
  return { expr: "compare", is: "=~", left: { expr: "field", field }, right: text };
}
