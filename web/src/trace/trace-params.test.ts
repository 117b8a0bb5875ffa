import { describe, expect, it } from "vitest";
import { formatZoom, parseZoom, readTraceParams } from "./trace-params.ts";

describe("trace address", () => {
  it("keeps what parses and drops the rest", () => {
    expect(
      readTraceParams({
        uiFind: "select",
        span: "ABABABABABABAB03",
        zoom: "100-2000",
        fold: "d2",
        flip: "ababababababab03.nonsense.ababababababab04",
        uiTimelineHideMinimap: "1",
      }),
    ).toEqual({
      uiFind: "select",
      span: "ababababababab03",
      zoom: "100-2000",
      fold: "d2",
      flip: "ababababababab03.ababababababab04",
    });
    expect(readTraceParams({ span: "ababababababab03.2" })).toEqual({ span: "ababababababab03.2" });
    expect(readTraceParams({ span: "xyz", zoom: "5-1", fold: "sometimes", flip: "..", uiFind: "" })).toEqual({});
  });

  it("round-trips the zoom", () => {
    expect(parseZoom(formatZoom({ from: 12.4, to: 900_000_000.2 }))).toEqual({ from: 12, to: 900_000_000 });
    expect(parseZoom(formatZoom({ from: 1.25, to: 2.5 }))).toEqual({ from: 1.25, to: 2.5 });
    expect(parseZoom("1e3-2e3")).toBeUndefined();
  });
});
