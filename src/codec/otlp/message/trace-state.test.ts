import { describe, expect, it } from "vitest";
import { withThreshold } from "./trace-state.ts";

describe("withThreshold", () => {
  it.each([
    ["", "8", "ot=th:8"],
    ["a=1,b=2", "fd70a", "ot=th:fd70a,a=1,b=2"],
    ["a=1, ot=rv:aa;th:8;x:y ,b=2", "c", "ot=th:c;rv:aa;x:y,a=1,b=2"],
    ["ot=th:0", "0", "ot=th:0"],
    ["", "", ""],
    ["ot=th:8", "", ""],
    ["a=1,ot=th:8,b=2", "", "a=1,b=2"],
    ["a=1,ot=rv:aa;th:8", "", "ot=rv:aa,a=1"],
    ["a=1,b=2", "", "a=1,b=2"],
  ])("of %j and %s is %s", (before, threshold, after) => {
    expect(withThreshold(before, threshold)).toBe(after);
  });

  it("keeps at most 32 members", () => {
    const members = Array.from({ length: 32 }, (_, i) => `k${i}=v`);
    const result = withThreshold(members.join(","), "8").split(",");
    expect(result).toEqual(["ot=th:8", ...members.slice(0, 31)]);
  });
});
