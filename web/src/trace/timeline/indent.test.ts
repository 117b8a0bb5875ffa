import { describe, expect, it } from "vitest";
import { layoutTrace } from "../model/layout.ts";
import { indentOf } from "./indent.ts";

const chain = (levels: number) => layoutTrace(new Int32Array(levels).map((_, row) => row - 1));
const rows = (...visible: number[]) => ({ visible: Int32Array.from(visible), merged: undefined });

describe("the indent of rows", () => {
  it("is a step for each level while there is room", () => {
    const indent = indentOf({ model: { layout: chain(6) }, ...rows(0, 1, 2, 3, 4, 5) }, 3, 6, 160);
    expect([indent.width, indent.numbered, indent.steps(5)]).toEqual([14, false, 5]);
    expect(indentOf({ model: { layout: chain(21) }, ...rows(0) }, 0, 1, 160).width).toBe(8);
  });

  it("is by the depths on screen in a deep trace, whatever lies above and between them", () => {
    const layout = chain(5_000);
    const visible = rows(0, 1, 4_997, 4_998, 4_999);
    const whole = indentOf({ model: { layout }, ...visible }, 0, 5, 160);
    expect([0, 1, 4_997, 4_998, 4_999].map(whole.steps)).toEqual([0, 1, 2, 3, 4]);
    expect([whole.width, whole.numbered]).toEqual([14, true]);
    const end = indentOf({ model: { layout }, ...visible }, 2, 5, 160);
    expect([4_997, 4_998, 4_999].map(end.steps)).toEqual([0, 1, 2]);
    expect(end.key).not.toBe(whole.key);
  });
});
