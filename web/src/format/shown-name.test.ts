import { expect, it } from "vitest";
import { shownName } from "./shown-name.ts";

it("a name that cannot be seen says so", () => {
  for (const blank of ["", " ", "\t\n", "\u200b\u202e", "\u00a0\u3000", "\u0000"])
    expect(shownName(blank)).toBe("(no name)");
  for (const name of ["a", " a ", "-", "店", "👩‍🚀", "\u202ea"]) expect(shownName(name)).toBe(name);
});
