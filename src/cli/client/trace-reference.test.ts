import { describe, expect, it } from "vitest";
import { parseTraceReference, wholeId } from "./trace-reference.ts";

const ID = "0af7651916cd43dd8448eb211c80319c";
const BASE64 = Buffer.from(ID, "hex").toString("base64");
// Has every character of the two alphabets that differs.
const OTHER = "fbf0fbefbefbf3ffbffefbefbefbefff";

describe("parseTraceReference", () => {
  it.each([
    ["32 digits", ID],
    ["upper case", ID.toUpperCase()],
    ["0x", `0x${ID}`],
    ["a UUID", "0af76519-16cd-43dd-8448-eb211c80319c"],
    ["a UUID in braces", "{0AF76519-16CD-43DD-8448-EB211C80319C}"],
    ["traceparent", `00-${ID}-b7ad6b7169203331-01`],
    ["padded base64", BASE64],
    ["base64 without padding", BASE64.replaceAll("=", "")],
    ["quotes", `"${ID}"`],
    ["a link", `https://traces.example/trace/${ID}`],
    ["a link with a span", `http://localhost:16686/trace/${ID}?uiFind=b7ad6b7169203331#x`],
    ["a link to a download", `http://localhost:16686/api/ui/traces/${ID}/download?format=otlp`],
  ])("takes %s", (_what, text) => {
    expect(parseTraceReference(text).digits).toBe(ID);
  });

  it("takes base64 in both alphabets, and of eight bytes", () => {
    const standard = Buffer.from(OTHER, "hex").toString("base64");
    expect(standard).toMatch(/[+/]/);
    expect(parseTraceReference(standard).digits).toBe(OTHER);
    expect(parseTraceReference(Buffer.from(OTHER, "hex").toString("base64url")).digits).toBe(OTHER);
    const short = parseTraceReference(Buffer.from("8448eb211c80319c", "hex").toString("base64"));
    expect(wholeId(short)).toBe("00000000000000008448eb211c80319c");
  });

  it("knows where a link leads", () => {
    expect(parseTraceReference(`https://u:p@host/jaeger/trace/${ID}`).base).toBe("https://u:p@host/jaeger/");
    expect(parseTraceReference(`http://host:16686/trace/${ID}`).base).toBe("http://host:16686/");
  });

  it("takes first digits for themselves", () => {
    expect(parseTraceReference("0AF76519")).toEqual({ digits: "0af76519" });
    expect(parseTraceReference("00000000")).toEqual({ digits: "00000000" });
  });

  it.each([
    "",
    "xyz",
    "0".repeat(32),
    "g".repeat(32),
    `${ID}0`,
    "http://host/search",
    "0x",
    "AAAAAAAAAAAAAAAAAAAAAA==",
  ])("refuses %j", (text) => {
    expect(() => parseTraceReference(text)).toThrow("expected a trace id");
  });
});
