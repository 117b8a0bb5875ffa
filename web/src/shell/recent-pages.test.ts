import { describe, expect, it } from "vitest";
import { searchTitle } from "./recent-pages.ts";

describe("the title of a search", () => {
  it("is what it asks for, without when and how many", () => {
    expect(searchTitle("?service=cart&lookback=1h&limit=20&tags=%7B%22a%22%3A%22b%22%7D&sort=longest")).toBe(
      'service=cart tags={"a":"b"}',
    );
  });
  it("is none where it asks for everything", () => {
    expect(searchTitle("?lookback=1h&start=1&end=2")).toBeUndefined();
  });
});
