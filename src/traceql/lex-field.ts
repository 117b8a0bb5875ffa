import { nearest } from "../model/text/nearest.ts";
import type { TraceqlField, TraceqlIntrinsic } from "../model/traceql.ts";
import { TraceqlError } from "./error.ts";
import { FIELD_SCOPES, type FieldScope, INTRINSIC_TYPES, SCOPED_INTRINSICS, SHORT_INTRINSICS } from "./names.ts";

export interface FoundField {
  readonly field: TraceqlField;
  readonly end: number;
}

/**
 * The field with a scope that begins at text[at] with `word`: `.a`, `span.a`, `parent.resource.a`, `event:name`.
 * Undefined where there is none; an intrinsic without a scope is a word.
 * @throws TraceqlError for a scope or a scoped intrinsic that nobody knows
 */
export function readField(text: string, at: number, word: string | undefined): FoundField | undefined {
  if (word === undefined) return text[at] === "." ? attribute(text, at + 1, { scope: "any" }) : undefined;
  const after = at + word.length;
  if (text[after] === ":") return intrinsic(text, at, word);
  if (text[after] !== ".") return undefined;
  if (word === "parent") return ofParent(text, after + 1);
  const scope = FIELD_SCOPES.find((one) => one === word);
  if (scope !== undefined) return attribute(text, after + 1, { scope });
  const near = nearest(word, [...FIELD_SCOPES, "parent"]);
  throw new TraceqlError(text, {
    at,
    found: `scope "${word}."`,
    expected: "span., resource., event., link., instrumentation., parent. or .",
    ...(near === undefined ? {} : { suggestion: `${near}.` }),
  });
}

function intrinsic(text: string, at: number, scope: string): FoundField {
  const name = /^[\p{L}\p{N}_]*/u.exec(text.slice(at + scope.length + 1, at + scope.length + 65))?.[0] ?? "";
  const full = `${scope}:${name}`;
  const known = SCOPED_INTRINSICS.find((one) => one === full);
  if (known !== undefined) return { field: { intrinsic: known as TraceqlIntrinsic }, end: at + full.length };
  const ofScope = SCOPED_INTRINSICS.filter((one) => one.startsWith(`${scope}:`));
  const near = nearest(full, SCOPED_INTRINSICS);
  throw new TraceqlError(text, {
    at,
    found: `"${full}"`,
    expected: (ofScope.length > 0 ? ofScope : SCOPED_INTRINSICS).join(", "),
    ...(near === undefined ? {} : { suggestion: near }),
  });
}

function ofParent(text: string, at: number): FoundField {
  const scope = FIELD_SCOPES.find((one) => text.startsWith(`${one}.`, at));
  if (scope !== undefined) return attribute(text, at + scope.length + 1, { scope, parent: true });
  const { key, end, quoted } = attributeKey(text, at);
  const known = quoted
    ? undefined
    : (SHORT_INTRINSICS.get(key) ?? (Object.hasOwn(INTRINSIC_TYPES, key) ? key : undefined));
  if (known === undefined) return { field: { scope: "any", key, parent: true }, end };
  return { field: { intrinsic: known as TraceqlIntrinsic, parent: true }, end };
}

function attribute(
  text: string,
  at: number,
  owner: { readonly scope: FieldScope; readonly parent?: true },
): FoundField {
  const { key, end } = attributeKey(text, at);
  const { scope, ...parent } = owner;
  return { field: { scope, key, ...parent }, end };
}

/** What ends a name that is not in quotes, beside blanks. */
const ENDS = "{}()=~!<>&|^,";

function attributeKey(
  text: string,
  at: number,
): { readonly key: string; readonly end: number; readonly quoted: boolean } {
  let key = "";
  let quoted = false;
  let i = at;
  for (let char = text[i]; char !== undefined && !ENDS.includes(char) && !/\s/.test(char); char = text[i]) {
    if (char === '"') {
      const part = quotedPart(text, i);
      key += part.value;
      i = part.end;
      quoted = true;
    } else {
      key += char;
      i++;
    }
  }
  if (key !== "" || quoted) return { key, end: i, quoted };
  const found = i === text.length ? "the end of the query" : JSON.stringify(text[i]);
  throw new TraceqlError(text, { at: i, found, expected: "the name of an attribute after the dot" });
}

/** Only \" and \\ are escapes in the quoted name of an attribute. */
function quotedPart(text: string, at: number): { readonly value: string; readonly end: number } {
  let value = "";
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') return { value, end: i + 1 };
    if (char === "\\") {
      i++;
      const escaped = text[i];
      if (escaped !== '"' && escaped !== "\\") {
        const found = JSON.stringify(`\\${escaped ?? ""}`);
        throw new TraceqlError(text, { at: i - 1, found, expected: String.raw`\" or \\ in the name of an attribute` });
      }
      value += escaped;
    } else value += char;
  }
  throw new TraceqlError(text, { at, found: "a name without an end", expected: 'a closing "' });
}
