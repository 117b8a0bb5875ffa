import { describe, expect, it } from "vitest";
import { parseTraceReference } from "./trace-id.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";

describe("parseTraceReference", () => {
  it.each([
    [trace, { traceId: trace }],
    [` "${trace.toUpperCase()}", `.trim(), { traceId: trace }],
    [`00-${trace}-${span}-01`, { traceId: trace, spanId: span }],
    [`traceparent: 00-${trace}-${span}-01`, { traceId: trace, spanId: span }],
    [`${trace}-${span}-1`, { traceId: trace, spanId: span }],
    [`${trace}:1:0:1`, { traceId: trace, spanId: "0000000000000001" }],
    [`http://127.0.0.1:16686/trace/${trace}?uiFind=x`, { traceId: trace }],
    ["0af76519-16cd-43dd-8448-eb211c80319c", { traceId: trace }],
    ["8448eb211c80319c", { traceId: `0000000000000000${trace.slice(16)}` }],
  ])("%s", (text, expected) => expect(parseTraceReference(text)).toEqual(expected));

  it.each(["", "cafe", "checkout failed", "0".repeat(32), `${trace}0`, "http.status_code=500"])(
    "is no trace: %j",
    (text) => expect(parseTraceReference(text)).toBeUndefined(),
  );
});
