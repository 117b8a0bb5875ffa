export interface TraceqlFault {
  /** Place in the text, UTF-16 units from 0. */
  readonly at: number;
  /** What stands there, as a person would call it. */
  readonly found: string;
  readonly expected: string;
  /** The known name that was probably meant. */
  readonly suggestion?: string;
  /** `type`: the grammar allows it, but it means nothing. `limit`: too long, too deep or too many parts. */
  readonly kind?: TraceqlErrorKind;
}

export type TraceqlErrorKind = "syntax" | "type" | "limit";

/** Why a text is no TraceQL query: where, what was found there, and what was expected. */
export class TraceqlError extends Error {
  readonly kind: TraceqlErrorKind;
  /** Counted from 1; columns in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** UTF-16 units from the beginning of the text. */
  readonly at: number;
  readonly found: string;
  readonly expected: string;
  readonly suggestion: string | undefined;

  constructor(text: string, { at, found, expected, suggestion, kind = "syntax" }: TraceqlFault) {
    const before = text.slice(0, at).split("\n");
    const line = before.length;
    const column = (before.at(-1) as string).length + 1;
    const meant = suggestion === undefined ? "" : `; did you mean "${suggestion}"?`;
    super(`line ${line}, column ${column}: found ${found}, expected ${expected}${meant}`);
    this.name = "TraceqlError";
    this.kind = kind;
    this.line = line;
    this.column = column;
    this.at = at;
    this.found = found;
    this.expected = expected;
    this.suggestion = suggestion;
  }
}
