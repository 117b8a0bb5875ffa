/** What may stand at a place of a query that is being typed. */
export interface CompletionPlace {
  /**
   * `field`: an attribute or an intrinsic. `operator`: what compares `field`. `value`: what `field` is compared with.
   * `join`: what follows a condition. `stage`: what follows a `|`. `start`: nothing was typed.
   */
  readonly kind: "field" | "operator" | "value" | "join" | "stage" | "start";
  /** The part of the text that a choice replaces, [from, to). */
  readonly from: number;
  readonly to: number;
  /** What was typed of it, without the quote that a text begins with. */
  readonly typed: string;
  /** As it stands in the query. */
  readonly field?: string;
  /** No brace was opened: a choice opens one. */
  readonly bare?: true;
}

const COMPARISON = /(?:!=|!~|=~|>=|<=|=|>|<)$/;
const FIELD =
  /(?:(?:parent\.)?(?:span|resource|event|link|instrumentation)?\.(?:"(?:[^"\\]|\\.)*"|[^\s"{}()=~!<>&|^,])+|[A-Za-z]+(?::[A-Za-z]+)?)$/;
/** What parts the words of a query, outside of quotes. */
const BETWEEN = /[\s{}()=~!<>&|^,]/;
/** Calls that hold fields. */
const FIELD_CALLS = ["by", "select", "avg", "min", "max", "sum"];

/** Undefined where nothing can be proposed. `cursor` and all places are UTF-16 units. */
export function completionPlace(text: string, cursor: number): CompletionPlace | undefined {
  const before = text.slice(0, cursor);
  const { quoteAt, wordAt, open } = openAt(before);
  if (quoteAt !== undefined) return textPlace(text, cursor, quoteAt);
  const from = wordAt;
  const typed = before.slice(from);
  const place = { from, to: cursor + (/^[^\s"`{}()=~!<>&|^,]*/.exec(text.slice(cursor))?.[0].length ?? 0), typed };
  const left = before.slice(0, from).trimEnd();
  const inner = open.at(-1);
  if (open.includes("{") || (inner !== undefined && FIELD_CALLS.includes(inner))) return inBraces(left, place);
  if (left === "") return typed === "" ? { kind: "start", ...place } : { kind: "field", bare: true, ...place };
  if (left.endsWith("|") && !left.endsWith("||")) return { kind: "stage", ...place };
  return undefined;
}

type Place = Omit<CompletionPlace, "kind">;

function inBraces(left: string, place: Place): CompletionPlace | undefined {
  const compared = comparedField(left);
  if (compared !== undefined) return { kind: "value", field: compared, ...place };
  if (/(?:[{(!,+\-*/%^]|&&|\|\|)$/.test(left)) return { kind: "field", ...place };
  if (place.typed !== "") return undefined;
  const field = FIELD.exec(left)?.[0];
  if (field === undefined || comparedField(left.slice(0, -field.length).trimEnd()) !== undefined) {
    return { kind: "join", ...place };
  }
  return { kind: "operator", field, ...place };
}

/** In a text in quotes, of which a choice replaces all. */
function textPlace(text: string, cursor: number, quoteAt: number): CompletionPlace | undefined {
  const field = comparedField(text.slice(0, quoteAt).trimEnd());
  if (field === undefined) return undefined;
  const rest = /^(?:[^"\\\s}]|\\.)*"/.exec(text.slice(cursor));
  return {
    kind: "value",
    field,
    from: quoteAt,
    to: cursor + (rest?.[0].length ?? 0),
    typed: text.slice(quoteAt + 1, cursor),
  };
}

/** The field of a comparison whose value comes next. */
function comparedField(left: string): string | undefined {
  const operator = COMPARISON.exec(left)?.[0];
  return operator === undefined ? undefined : FIELD.exec(left.slice(0, -operator.length).trimEnd())?.[0];
}

interface OpenAt {
  /** Where the text that is open begins. */
  readonly quoteAt: number | undefined;
  /** Where the last word begins; behind the text where there is none. */
  readonly wordAt: number;
  /** What else is open: `{`, `(`, or the word before a parenthesis. */
  readonly open: readonly string[];
}

function openAt(text: string): OpenAt {
  const open: string[] = [];
  let wordAt = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"' || char === "`") {
      // A name in quotes is a part of its word: ."a b"
      const isName = char === '"' && i > wordAt;
      const end = closing(text, i);
      if (end === undefined) return { quoteAt: isName ? undefined : i, wordAt, open };
      i = end;
      if (!isName) wordAt = end + 1;
      continue;
    }
    if (char === "{") open.push("{");
    else if (char === "(") open.push(/(\w+)\s*$/.exec(text.slice(0, i))?.[1] ?? "(");
    else if (char === "}" || char === ")") open.pop();
    if (BETWEEN.test(char)) wordAt = i + 1;
  }
  return { quoteAt: undefined, wordAt, open };
}

function closing(text: string, at: number): number | undefined {
  const quote = text[at] as string;
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\" && quote === '"') i++;
    else if (text[i] === quote) return i;
  }
  return undefined;
}
