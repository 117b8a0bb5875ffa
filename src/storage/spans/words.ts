import { type AnyValue, anyValueText } from "../../model/any-value.ts";
import type { ValueTest } from "./compare.ts";

/** What words are made of. */
const LETTER = "[\\p{L}\\p{M}\\p{N}]";
const OTHER = "[^\\p{L}\\p{M}\\p{N}]";

/**
 * Whether the text of a value holds all of the words, `adjacent`: one after the other with nothing but what is no word
 * between them. Case says nothing. The text of a list is that of all its values; bytes have none. Words are letters and
 * digits, at least one.
 */
export function wordsTest(words: readonly string[], adjacent: boolean): ValueTest {
  const patterns = adjacent ? [words.join(`${OTHER}+`)] : [...new Set(words)];
  const tests = patterns.map((pattern) => new RegExp(`(?<!${LETTER})${pattern}(?!${LETTER})`, "iu"));
  return (value) => {
    const text = searchedText(value);
    return text !== undefined && tests.every((test) => test.test(text));
  };
}

function searchedText(value: AnyValue): string | undefined {
  return value.type === "bytes" || value.type === "empty" ? undefined : anyValueText(value);
}
