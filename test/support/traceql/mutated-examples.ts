import fc from "fast-check";
import { EXAMPLES, REFUSED } from "./examples.ts";

const WORD = /"(?:[^"\\]|\\.)*"|`[^`]*`|[\w.:]+|[!&]?(?:>>|<<)|[!&][><~]|&&|\|\||[=!]~|[!<>]=|\S/g;
const INSERTED =
  '( ) { } | && || > !< &~ ~ !~ ! = != =~ - + * .a 1 2s "x" nil count() by(.a) name status ok with ,'.split(" ");

const change = fc.record({
  at: fc.nat(60),
  how: fc.constantFrom("leave out", "repeat", "exchange", "insert"),
  word: fc.constantFrom(...INSERTED),
});

/** One of the examples with a word or two left out, repeated, exchanged or inserted. */
export const mutatedExample: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...EXAMPLES, ...REFUSED), fc.array(change, { minLength: 1, maxLength: 2 }))
  .map(([text, changes]) => {
    const words: string[] = text.match(WORD) ?? [];
    for (const { at, how, word } of changes) {
      const place = at % (words.length + 1);
      if (how === "leave out") words.splice(place, 1);
      else if (how === "repeat") words.splice(place, 0, words[place] ?? word);
      else if (how === "insert") words.splice(place, 0, word);
      else words[place] = word;
    }
    return words.join(" ");
  });
