import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeExportResponse, encodeExportResponse } from "./export-response.ts";
import { exportResponseJson, parseExportResponseJson } from "./export-response-json.ts";

describe("ExportTraceServiceResponse", () => {
  const anyPartial = fc.record({ rejectedSpans: fc.nat(), errorMessage: fc.string({ unit: "grapheme" }) });

  it("survives protobuf and JSON", () => {
    fc.assert(
      fc.property(anyPartial, (partial) => {
        expect(decodeExportResponse(encodeExportResponse(partial))).toEqual(partial);
        expect(parseExportResponseJson(exportResponseJson(partial))).toEqual(partial);
      }),
    );
  });

  it("is empty on full success and unset says so", () => {
    expect(encodeExportResponse(undefined)).toHaveLength(0);
    expect(decodeExportResponse(new Uint8Array(0))).toBeUndefined();
    expect(parseExportResponseJson("{}")).toBeUndefined();
  });

  it("is these bytes: partial_success 1; rejected_spans 1, error_message 2", () => {
    const partial = { rejectedSpans: 300, errorMessage: "ä" };
    expect([...encodeExportResponse(partial)]).toEqual([0x0a, 7, 0x08, 0xac, 2, 0x12, 2, 0xc3, 0xa4]);
    expect([...encodeExportResponse({ rejectedSpans: 0, errorMessage: "\ud800" })]).toEqual([
      ...[0x0a, 5, 0x12, 3, 0xef, 0xbf, 0xbd],
    ]);
    expect(decodeExportResponse(Uint8Array.of(0x0a, 2, 0x08, 5))).toEqual({ rejectedSpans: 5, errorMessage: "" });
  });

  it("reads the Collector's empty partial success, and passes over fields of later versions", () => {
    expect(decodeExportResponse(Uint8Array.of(0x0a, 0))).toEqual({ rejectedSpans: 0, errorMessage: "" });
    expect(decodeExportResponse(Uint8Array.of(0x12, 1, 65))).toBeUndefined();
  });

  it.each([[[0x0a, 5, 1]], [[0x0a]], [[0xff]]])("refuses %j", (bytes) => {
    expect(() => decodeExportResponse(Uint8Array.from(bytes))).toThrow(/ExportTraceServiceResponse/);
  });
});
