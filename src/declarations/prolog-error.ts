/** A place in a text, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a file of facts, where, and what was expected: `services.pl:3:5: …`. */
export class PrologError extends Error {
  readonly filename: string;
  readonly line: number;
  readonly column: number;
  constructor(filename: string, { line, column }: Position, message: string) {
    super(`${filename}:${line}:${column}: ${message}`);
    this.name = "PrologError";
    this.filename = filename;
    this.line = line;
    this.column = column;
  }
}
