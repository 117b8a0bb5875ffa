import pl, { type TauToken } from "tau-prolog";
import { type Position, PrologError } from "./prolog-error.ts";

/** A term and where it stands. `expression` is what operators join, and access to members: kept as text. */
export type Term =
  | { readonly type: "atom"; readonly value: string; readonly at: Position }
  | { readonly type: "string"; readonly value: string; readonly at: Position }
  | { readonly type: "number"; readonly value: number; readonly at: Position }
  | { readonly type: "variable"; readonly value: string; readonly at: Position }
  | { readonly type: "compound"; readonly name: string; readonly args: readonly Term[]; readonly at: Position }
  | { readonly type: "list"; readonly items: readonly Term[]; readonly at: Position }
  | { readonly type: "expression"; readonly text: string; readonly at: Position };

/** One clause: a term up to its final full stop, or a directive or rule, of which only the place is kept. */
export type Clause =
  | { readonly type: "fact"; readonly term: Term }
  | { readonly type: "rule"; readonly head: Term; readonly at: Position }
  | { readonly type: "directive"; readonly at: Position };

/** The reader works in memory; a file of declarations is far smaller. */
export const MAX_PROLOG_LENGTH = 1 << 20;
const MAX_DEPTH = 200;

/**
 * Reads Prolog text as clauses without executing any: tau-prolog splits it into tokens and judges operator expressions,
 * this reader keeps the places. Throws PrologError at the first thing that is no Prolog.
 */
export function readClauses(text: string, filename: string): readonly Clause[] {
  if (text.length > MAX_PROLOG_LENGTH) {
    const message = `the file has ${text.length} characters: expected at most ${MAX_PROLOG_LENGTH}`;
    throw new PrologError(filename, { line: 1, column: 1 }, message);
  }
  return new ClauseReader(text, filename).clauses();
}

class ClauseReader {
  readonly #text: string;
  readonly #filename: string;
  readonly #thread: unknown;
  readonly #tokens: readonly TauToken[];
  #at = 0;
  #depth = 0;

  constructor(text: string, filename: string) {
    this.#text = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
    this.#filename = filename;
    this.#thread = pl.create(1).thread;
    this.#tokens = this.#tokenize();
  }

  clauses(): readonly Clause[] {
    const clauses: Clause[] = [];
    while (this.#at < this.#tokens.length) clauses.push(this.#clause());
    return clauses;
  }

  #tokenize(): readonly TauToken[] {
    const tokenizer = new pl.parser.tokenizer(this.#thread);
    tokenizer.new_text(this.#text);
    const tokens = tokenizer.get_tokens(0) ?? [];
    const bad = tokens.find((token) => token.name === "lexical");
    if (bad === undefined) {
      this.#checkRest(tokens.at(-1)?.len ?? 0);
      return tokens;
    }
    const shown = String(bad.value).trimStart();
    const quote = /^['"`]/.exec(shown)?.[0];
    const where = this.#lexicalPosition(bad, String(bad.value));
    if (bad.error === "unknown_escape_sequence")
      throw this.#error(where, "a quoted text has an unknown escape sequence");
    if (quote !== undefined) throw this.#error(where, `expected a closing ${quote}`);
    throw this.#error(where, `unexpected ${JSON.stringify(shown.slice(0, 20))}`);
  }

  /** The tokenizer takes a comment that is never closed for white space up to the end of the text. */
  #checkRest(from: number): void {
    const rest = this.#text.slice(from).replace(/%.*|\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
    const open = rest.indexOf("/*");
    if (open < 0) return;
    const lines = this.#text.slice(0, from + open).split("\n");
    const at = { line: lines.length, column: (lines.at(-1) as string).length + 1 };
    throw this.#error(at, "expected */ at the end of the comment");
  }

  #lexicalPosition(token: TauToken, rest: string): Position {
    const blank = /^\s*/.exec(rest)?.[0] ?? "";
    const lines = blank.split("\n");
    if (lines.length === 1) return { line: token.line + 1, column: token.start + blank.length + 1 };
    return { line: token.line + lines.length, column: (lines.at(-1) as string).length + 1 };
  }

  #clause(): Clause {
    const first = this.#peek();
    if (isPunctuation(first, ":-") || isPunctuation(first, "?-")) {
      this.#skipClause();
      return { type: "directive", at: position(first) };
    }
    const term = this.#primary();
    const next = this.#peek("expected . at the end of the fact");
    if (isPunctuation(next, ":-") || isPunctuation(next, "-->")) {
      this.#skipClause();
      return { type: "rule", head: term, at: position(first) };
    }
    if (!this.#isEnd(this.#at)) throw this.#unexpected("expected . at the end of the fact");
    this.#at++;
    return { type: "fact", term };
  }

  #skipClause(): void {
    const first = this.#peek();
    while (!this.#isEnd(this.#at)) {
      this.#at++;
      if (this.#at >= this.#tokens.length)
        throw this.#error(position(first), "expected . at the end of the clause that begins here");
    }
    this.#at++;
  }

  /** A term in an argument or a list: a plain one, or one that operators join. */
  #argument(): Term {
    const start = this.#at;
    const at = position(this.#peek());
    const isOperator = this.#peek().name === "atom" && !this.#isCall(start) && !this.#isDelimiter(start + 1);
    if (!isOperator) {
      const term = this.#primary();
      if (this.#isDelimiter(this.#at)) return term;
      if (!this.#mayContinue(this.#at)) throw this.#unexpected("expected , or a closing bracket after the term");
    }
    return this.#expression(start, at);
  }

  #primary(): Term {
    const token = this.#peek("expected a term");
    const at = position(token);
    switch (token.name) {
      case "number":
        this.#at++;
        return { type: "number", value: Number(token.value), at };
      case "string":
        this.#at++;
        return { type: "string", value: String(token.value), at };
      case "variable":
        this.#at++;
        return { type: "variable", value: String(token.value), at };
      case "l_brace":
        return this.#list(at);
      case "l_paren":
      case "l_bracket":
        return this.#group(at);
      case "atom": {
        if (this.#isEnd(this.#at) || isPunctuation(token, ",")) throw this.#unexpected("expected a term");
        this.#at++;
        if (token.raw === "[]" && !this.#isCall(this.#at - 1)) return { type: "list", items: [], at };
        if (!this.#isCall(this.#at - 1)) return { type: "atom", value: String(token.value), at };
        return { type: "compound", name: String(token.value), args: this.#items("r_paren", ")", at), at };
      }
      default:
        throw this.#unexpected("expected a term");
    }
  }

  #list(at: Position): Term {
    if (this.#tokens[this.#at + 1]?.name === "r_brace") {
      this.#at += 2;
      return { type: "list", items: [], at };
    }
    return { type: "list", items: this.#items("r_brace", "]", at), at };
  }

  /** `( … )` and `{ … }`: kept as text once what is inside was read. */
  #group(at: Position): Term {
    const start = this.#at;
    const round = this.#peek().name === "l_paren";
    this.#items(round ? "r_paren" : "r_bracket", round ? ")" : "}", at);
    return { type: "expression", text: this.#slice(start, this.#at), at };
  }

  /** Terms between the bracket at the cursor and its partner. A tail `| T` of a list is read and counts as an item. */
  #items(close: TauToken["name"], closing: string, opened: Position): Term[] {
    if (++this.#depth > MAX_DEPTH) throw this.#error(opened, `brackets are nested more than ${MAX_DEPTH} deep`);
    this.#at++;
    const items: Term[] = [];
    const expected = `expected , or ${closing} for the bracket opened at ${opened.line}:${opened.column}`;
    for (;;) {
      items.push(this.#argument());
      const next = this.#peek(expected);
      if (next.name === close) break;
      if (!isPunctuation(next, ",") && next.name !== "bar") throw this.#unexpected(expected);
      this.#at++;
    }
    this.#at++;
    this.#depth--;
    return items;
  }

  /** Everything up to the next delimiter at this depth; tau-prolog says whether it is an expression. */
  #expression(start: number, at: Position): Term {
    this.#at = start;
    const tokens: TauToken[] = [];
    let depth = 0;
    while (depth > 0 || !this.#isDelimiter(this.#at)) {
      const token = this.#peek("expected a closing bracket");
      if (this.#isEnd(this.#at)) throw this.#unexpected("expected a closing bracket");
      if (/^l_/.test(token.name)) depth++;
      if (/^r_/.test(token.name)) depth--;
      this.#at++;
      // Access to a member, `Order.items`, is no operator of standard Prolog: the member is part of its variable.
      if (isPunctuation(token, ".") && this.#at < this.#tokens.length) this.#at++;
      else tokens.push(token);
    }
    if (tokens.length === 0) throw this.#unexpected("expected a term");
    const [sign, value] = tokens;
    if (tokens.length === 2 && sign?.value === "-" && value?.name === "number" && value.start === sign.start + 1) {
      return { type: "number", value: -Number(value.value), at };
    }
    const read = pl.parser.expression(this.#thread, tokens, 0, "1200", false);
    if (read.type !== 1 || read.len !== tokens.length) {
      const where = tokens[Math.min(read.type === 1 ? read.len : 1, tokens.length - 1)] ?? (tokens[0] as TauToken);
      throw this.#error(position(where), `expected an operator, a comma or a closing bracket, found ${shown(where)}`);
    }
    return { type: "expression", text: this.#slice(start, this.#at), at };
  }

  /** True for an atom with an opening parenthesis right behind it. */
  #isCall(index: number): boolean {
    const token = this.#tokens[index];
    const next = this.#tokens[index + 1];
    return token?.name === "atom" && next?.name === "l_paren" && next.len === token.len + 1;
  }

  /** True for the full stop that ends a clause: white space, a comment or nothing behind it. */
  #isEnd(index: number): boolean {
    const token = this.#tokens[index];
    return (
      token !== undefined &&
      isPunctuation(token, ".") &&
      /^(?:$|[\s%])/.test(this.#text.slice(token.len, token.len + 1))
    );
  }

  #isDelimiter(index: number): boolean {
    const token = this.#tokens[index];
    return token === undefined || /^r_|^bar$/.test(token.name) || isPunctuation(token, ",");
  }

  /** True where an operator or a member follows a term. */
  #mayContinue(index: number): boolean {
    return this.#tokens[index]?.name === "atom" && !this.#isEnd(index);
  }

  #peek(expected = "expected a term"): TauToken {
    const token = this.#tokens[this.#at];
    if (token !== undefined) return token;
    const lines = this.#text.trimEnd().split("\n");
    throw this.#error(
      { line: lines.length, column: (lines.at(-1) as string).length + 1 },
      `${expected}, found the end of the file`,
    );
  }

  #slice(from: number, to: number): string {
    const first = this.#tokens[from] as TauToken;
    const lines = this.#text.split("\n");
    const offset = lines.slice(0, first.line).reduce((sum, line) => sum + line.length + 1, 0) + first.start;
    return this.#text.slice(offset, (this.#tokens[to - 1] as TauToken).len).replace(/\s+/g, " ");
  }

  #unexpected(expected: string): PrologError {
    const token = this.#peek(expected);
    return this.#error(position(token), `${expected}, found ${shown(token)}`);
  }

  #error(at: Position, message: string): PrologError {
    return new PrologError(this.#filename, at, message);
  }
}

function isPunctuation(token: TauToken, text: string): boolean {
  return token.name === "atom" && token.raw === text;
}

function position(token: TauToken): Position {
  return { line: token.line + 1, column: token.start + 1 };
}

function shown(token: TauToken): string {
  return `"${token.raw ?? token.value}"`;
}
