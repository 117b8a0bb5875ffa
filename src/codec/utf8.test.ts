import { isUtf8 as nodeIsUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUtf8, utf8Text, wellFormed } from "./utf8.ts";

const LEADS = [
  0x00, 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0x9f, 0xa0, 0x8f, 0x90,
];

describe("utf8", () => {
  it("judges byte sequences as Node does", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...LEADS), fc.nat(255)), { maxLength: 6 }), (list) => {
        const bytes = Uint8Array.from([0xff, ...list, 0xff]);
        expect(isUtf8(bytes, 1, bytes.length - 1)).toBe(nodeIsUtf8(Uint8Array.from(list)));
      }),
      { numRuns: 20_000 },
    );
  });

  it("reads ill-formed parts as U+FFFD", () => {
    expect(utf8Text(Uint8Array.of(0x61, 0xff, 0x62), 0, 3)).toBe("a\ufffdb");
    expect(utf8Text(Buffer.from("xGrößex"), 1, 8)).toBe("Größe");
  });

  it("replaces lone surrogates and keeps pairs", () => {
    expect(wellFormed("a\ud800b🧵\udc00")).toBe("a\ufffdb🧵\ufffd");
  });
});
