import { describe, expect, it } from "vitest";
import { parseTraceReference } from "./trace-reference.ts";

const ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
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
    ["padded base64", BASE64],
    ["base64 without padding", BASE64.replaceAll("=", "")],
    ["quotes", `"${ID}"`],
    ["quotes and what followed in a list", ` "${ID.toUpperCase()}", `],
    ["a link", `https://traces.example/trace/${ID}`],
    ["a link of Jaeger's UI", `http://localhost:16686/trace/${ID}?uiFind=${SPAN}#x`],
    ["a link to a download", `http://localhost:16686/api/ui/traces/${ID}/download?format=otlp`],
  ])("takes %s", (_what, text) => {
    expect(parseTraceReference(text)).toMatchObject({ digits: ID });
    expect(parseTraceReference(text)?.spanId).toBeUndefined();
  });

  it.each([
    ["a traceparent", `00-${ID}-${SPAN}-01`, SPAN],
    ["a traceparent of a later version", `01-${ID}-${SPAN}-01-more`, SPAN],
    ["a header with its name", `traceparent: 00-${ID}-${SPAN}-01`, SPAN],
    ["B3 in a single header", `b3: ${ID}-${SPAN}-1`, SPAN],
    ["Jaeger's header", `uber-trace-id=${ID}:1:0:1`, "0000000000000001"],
    ["a link to a span", `http://localhost:16686/trace/${ID}?span=${SPAN}`, SPAN],
  ])("takes %s with its span", (_what, text, spanId) => {
    expect(parseTraceReference(text)).toMatchObject({ digits: ID, spanId });
  });

  it("takes base64 in both alphabets, and of eight bytes", () => {
    const standard = Buffer.from(OTHER, "hex").toString("base64");
    expect(standard).toMatch(/[+/]/);
    expect(parseTraceReference(standard)?.digits).toBe(OTHER);
    expect(parseTraceReference(Buffer.from(OTHER, "hex").toString("base64url"))?.digits).toBe(OTHER);
    const short = Buffer.from("8448eb211c80319c", "hex").toString("base64");
    for (const text of [short, short.replace("=", "")]) {
      expect(parseTraceReference(text)).toEqual({ digits: "8448eb211c80319c" });
    }
  });

  it("knows where a link leads", () => {
    expect(parseTraceReference(`https://u:p@host/jaeger/trace/${ID}`)?.base).toBe("https://u:p@host/jaeger/");
    expect(parseTraceReference(`http://host:16686/trace/${ID}`)?.base).toBe("http://host:16686/");
  });

  it("takes first digits for themselves", () => {
    expect(parseTraceReference("0AF76519")).toEqual({ digits: "0af76519" });
    expect(parseTraceReference("00000000")).toEqual({ digits: "00000000" });
  });

  it.each([
    "",
    "xyz",
    "reservation",
    "checkout failed",
    "http.status_code=500",
    "0".repeat(32),
    `00-${"0".repeat(32)}-${SPAN}-01`,
    "g".repeat(32),
    `${ID}0`,
    "http://host/search",
    "http://host/trace/%zz",
    "0x",
    "AAAAAAAAAAAAAAAAAAAAAA==",
  ])("is no trace: %j", (text) => expect(parseTraceReference(text)).toBeUndefined());
});
