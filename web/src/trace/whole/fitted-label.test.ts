import { describe, expect, it } from "vitest";
import { fittedLabel } from "./fitted-label.ts";

const label = (width: number, name = "GET /cart") => fittedLabel(name, "×3 12.4 ms", width, (text) => [...text].length);

describe("the label of a box", () => {
  it.each([
    [20, "GET /cart ×3 12.4 ms"],
    [19, "GET /cart"],
    [9, "GET /cart"],
    [8, "GET /ca…"],
    [2, "G…"],
    [1, ""],
    [0, ""],
  ])("in %i characters is %j: figures are whole or not there", (width, text) => expect(label(width)).toBe(text));

  it("cuts between characters", () => expect(label(3, "😀😀😀😀")).toBe("😀😀…"));
});
