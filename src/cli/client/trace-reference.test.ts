import { expect, it } from "vitest";
import { requireTraceReference, wholeId } from "./trace-reference.ts";

it("refuses what names no trace, and makes whole ids of what does", () => {
  expect(() => requireTraceReference("xyz")).toThrow("xyz: expected a trace id or its first digits");
  const short = Buffer.from("8448eb211c80319c", "hex").toString("base64");
  expect(wholeId(requireTraceReference(short))).toBe("00000000000000008448eb211c80319c");
});
