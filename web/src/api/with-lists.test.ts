import { describe, expect, it } from "vitest";
import { ApiError } from "./client.ts";
import { withLists } from "./with-lists.ts";

interface Answer {
  readonly nodes: readonly string[];
  readonly links: readonly string[];
}

describe("an answer", () => {
  it("is as it came where it has its lists", async () => {
    const answer = { nodes: [], links: ["a"], reason: "time was up" };
    expect(await withLists(Promise.resolve(answer), "nodes", "links")).toEqual(answer);
  });

  it.each([
    ["nothing", {}, "nodes"],
    ["null", null, "nodes"],
    ["one list", { nodes: [] }, "links"],
    ["a text for a list", { nodes: [], links: "none" }, "links"],
    ["lists of another kind", { nodes: {}, links: [] }, "nodes"],
  ])("that is %s is an error which names what is missing", async (_what, answer, missing) => {
    const asked = withLists(Promise.resolve(answer as unknown as Answer), "nodes", "links");
    await expect(asked).rejects.toThrow(ApiError);
    await expect(asked).rejects.toThrow(`it has no list "${missing}"`);
  });
});
