import type { SpanKind, StatusCode } from "../model/span.ts";
import type { FieldExpression, TraceqlField, TraceqlLiteral } from "../model/traceql.ts";
import { MAX_INT } from "./literals.ts";
import { FIELD_SCOPES, KIND_WORDS, SHORT_INTRINSICS, STATUS_WORDS, VALUE_WORDS } from "./names.ts";
import type { TokenReader } from "./token-reader.ts";

const OPERAND = "an attribute such as span.key or .key, an intrinsic such as name or duration, a value, !, - or (";
const OPERAND_NAMES: readonly string[] = [...SHORT_INTRINSICS.keys(), ...VALUE_WORDS];

/**
 * A field or a literal. `names`: what a misspelt word is compared with first.
 * @throws TraceqlError
 */
export function parseOperandValue(
  reader: TokenReader,
  names: readonly string[],
): Extract<FieldExpression, { expr: "field" | "literal" }> {
  const value = parseLiteral(reader);
  if (value !== undefined) return { expr: "literal", value };
  const field = parseField(reader);
  if (field !== undefined) return { expr: "field", field };
  const word = reader.textAt();
  if (reader.peek().type === "word") {
    const isScope = [...FIELD_SCOPES, "parent"].some((scope) => scope === word);
    if (isScope) throw reader.unexpected(`${word}.key: the name of an attribute after a dot`);
    const expected = names.length > 0 ? `one of ${names.join(", ")}` : OPERAND;
    throw reader.unexpected(expected, [...names, ...OPERAND_NAMES]);
  }
  throw reader.unexpected(OPERAND);
}

/** The field that comes next, if one does. */
export function parseField(reader: TokenReader): TraceqlField | undefined {
  const token = reader.peek();
  if (token.type === "field") {
    reader.take();
    return token.field;
  }
  const intrinsic = token.type === "word" ? SHORT_INTRINSICS.get(token.text) : undefined;
  if (intrinsic === undefined) return undefined;
  reader.take();
  return { intrinsic };
}

/** @throws TraceqlError where anything else comes next */
export function expectField(reader: TokenReader): TraceqlField {
  const field = parseField(reader);
  if (field !== undefined) return field;
  throw reader.unexpected("an attribute such as span.key, or an intrinsic such as duration", [
    ...SHORT_INTRINSICS.keys(),
  ]);
}

/** The literal that comes next, if one does; a sign belongs to numbers. */
export function parseLiteral(reader: TokenReader): TraceqlLiteral | undefined {
  const token = reader.peek();
  switch (token.type) {
    case "string":
    case "float":
    case "duration":
      reader.take();
      return { type: token.type, value: token.value } as TraceqlLiteral;
    case "int":
      if (token.value > MAX_INT) throw reader.fault({ expected: `a whole number of at most ${MAX_INT}` });
      reader.take();
      return { type: "int", value: token.value };
    case "operator":
      return token.text === "-" ? negativeLiteral(reader) : undefined;
    case "word":
      return wordLiteral(reader, token.text);
    default:
      return undefined;
  }
}

function negativeLiteral(reader: TokenReader): TraceqlLiteral | undefined {
  const token = reader.peek(1);
  switch (token.type) {
    case "float":
    case "duration":
      reader.take();
      reader.take();
      return { type: token.type, value: -token.value } as TraceqlLiteral;
    case "int":
      reader.take();
      if (token.value > MAX_INT + 1n) throw reader.fault({ expected: `a whole number of at least -${MAX_INT + 1n}` });
      reader.take();
      return { type: "int", value: -token.value };
    default:
      return undefined;
  }
}

function wordLiteral(reader: TokenReader, word: string): TraceqlLiteral | undefined {
  const value = VALUES.get(word);
  if (value !== undefined) reader.take();
  return value;
}

const VALUES: ReadonlyMap<string, TraceqlLiteral> = new Map<string, TraceqlLiteral>([
  ["true", { type: "bool", value: true }],
  ["false", { type: "bool", value: false }],
  ["nil", { type: "nil" }],
  ["minInt", { type: "int", value: -MAX_INT - 1n }],
  ["maxInt", { type: "int", value: MAX_INT }],
  ...STATUS_WORDS.map((name, value) => [name, { type: "status", value: value as StatusCode }] as const),
  ...KIND_WORDS.map((name, value) => [name, { type: "kind", value: value as SpanKind }] as const),
]);
