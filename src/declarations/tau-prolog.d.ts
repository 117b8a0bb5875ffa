/** The part of tau-prolog that reads text; nothing of it is executed. */
declare module "tau-prolog" {
  export interface TauToken {
    readonly name:
      | "atom"
      | "number"
      | "variable"
      | "string"
      | "l_paren"
      | "r_paren"
      | "l_brace"
      | "r_brace"
      | "l_bracket"
      | "r_bracket"
      | "bar"
      | "lexical";
    readonly value: string | number;
    /** As written; absent for punctuation and variables. */
    readonly raw?: string;
    readonly float?: boolean;
    /** From 0. */
    readonly line: number;
    /** Column, from 0. */
    readonly start: number;
    /** Characters of the text up to the token's end. */
    readonly len: number;
    readonly error?: string;
  }

  export interface TauSession {
    readonly thread: unknown;
  }

  interface Tokenizer {
    new_text(text: string): void;
    get_tokens(init: number): TauToken[] | null;
  }

  const pl: {
    create(limit: number): TauSession;
    readonly parser: {
      readonly tokenizer: new (thread: unknown) => Tokenizer;
      /** `type` is 1 for a term, `len` the position of the first token after it. */
      expression(
        thread: unknown,
        tokens: readonly TauToken[],
        start: number,
        priority: string,
        toplevel: boolean,
      ): { readonly type: 0 | 1; readonly len: number };
    };
  };
  export default pl;
}
