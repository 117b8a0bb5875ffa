import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeExportResponse,
  encodeExportResponse,
  exportResponseJson,
  parseExportResponseJson,
} from "./export-response.ts";

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
});
