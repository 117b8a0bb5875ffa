import { expect, it } from "vitest";
import { JsonWriter } from "./json-writer.ts";

it("gives the bytes of all pieces in order, whatever their size, and starts anew", () => {
  const writer = new JsonWriter();
  const texts = Array.from({ length: 300 }, (_, i) => `${i} é\u{1f600}\ud800 `.repeat(i * 7));
  writer.raw("[");
  for (const [i, text] of texts.entries()) {
    if (i > 0) writer.raw(",");
    writer.value(text);
  }
  writer.raw("]");
  expect(JSON.parse(new TextDecoder().decode(writer.finish()))).toEqual(texts);
  writer.raw("1");
  expect(new TextDecoder().decode(writer.finish())).toBe("1");
});
