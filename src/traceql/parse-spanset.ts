import type { SpanRelation, SpansetExpression } from "../model/traceql.ts";
import { parseCondition } from "./parse-field.ts";
import type { TokenReader } from "./token-reader.ts";

const RELATIONS: Readonly<Record<string, SpanRelation>> = {
  ">": "child",
  ">>": "descendant",
  "<": "parent",
  "<<": "ancestor",
  "~": "sibling",
};

export interface Structural {
  readonly relation: SpanRelation;
  readonly form: "plain" | "negated" | "union";
}

/** `>`, `!>`, `&>` and so on; undefined for another text. */
export function structuralOf(text: string): Structural | undefined {
  const form = text.startsWith("!") ? "negated" : text.startsWith("&") ? "union" : "plain";
  const relation = RELATIONS[form === "plain" ? text : text.slice(1)];
  return relation === undefined ? undefined : { relation, form };
}

export function structuralText({ relation, form }: Structural): string {
  const sign = Object.keys(RELATIONS).find((one) => RELATIONS[one] === relation) as string;
  return { plain: "", negated: "!", union: "&" }[form] + sign;
}

/** What stands between parentheses, where it may have stages. */
type Parenthesised = (reader: TokenReader) => SpansetExpression;

/**
 * `{ … }` and what combines them. `&&` and `||` bind alike, structural operators closer.
 * @throws TraceqlError
 */
export function parseSpansets(reader: TokenReader, inner: Parenthesised): SpansetExpression {
  let left = parseRelated(reader, inner);
  for (;;) {
    const op = reader.textAt();
    if (op !== "&&" && op !== "||") return left;
    reader.take();
    left = reader.part({ op: op === "&&" ? "and" : "or", left, right: parseRelated(reader, inner) });
  }
}

function parseRelated(reader: TokenReader, inner: Parenthesised): SpansetExpression {
  let left = parseOperand(reader, inner);
  for (;;) {
    const token = reader.peek();
    const structural = token.type === "operator" ? structuralOf(token.text) : undefined;
    if (structural === undefined) return left;
    reader.take();
    left = reader.part({ op: "structural", ...structural, left, right: parseOperand(reader, inner) });
  }
}

function parseOperand(reader: TokenReader, inner: Parenthesised): SpansetExpression {
  if (reader.skip("{")) {
    if (reader.skip("}")) return reader.part({ op: "spans" });
    const where = reader.nested(() => parseCondition(reader));
    reader.expect("}", "an operator or }");
    return reader.part({ op: "spans", where });
  }
  if (reader.skip("(")) {
    const spansets = reader.nested(() => inner(reader));
    reader.expect(")", "an operator, | or )");
    return spansets;
  }
  throw reader.unexpected("{ … } or ( … )");
}
