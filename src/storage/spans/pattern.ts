import { PermanentError } from "../../component/errors.ts";
import { textPatternFault, wholeTextPattern } from "../../model/text/text-pattern.ts";

/** Longest text that a pattern is tried on, in UTF-16 units: longer texts never match. */
export const MAX_SUBJECT = 4096;

/** A `=~` pattern as a predicate (`textPatternFault` says which are allowed). Throws PermanentError `bad_request`. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const fault = textPatternFault(pattern);
  if (fault !== undefined) throw bad(pattern, fault);
  const expression = wholeTextPattern(pattern);
  return (text) => text.length <= MAX_SUBJECT && expression.test(text);
}

function bad(pattern: string, why: string): PermanentError {
  const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern;
  return new PermanentError("bad_request", `regular expression ${JSON.stringify(shown)}: ${why}`);
}
