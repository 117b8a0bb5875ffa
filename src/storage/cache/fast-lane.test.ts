import { expect, it } from "vitest";
import { FastLane } from "./fast-lane.ts";

it("gives each that pauses a turn of the event loop of its own, again and again", async () => {
  const lane = new FastLane();
  const seen: string[] = [];
  let turn = 0;
  let counting = true;
  const count = (): void => {
    turn++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const work = async (name: string): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      await lane.turn();
      seen.push(`${turn} ${name}`);
    }
  };
  await Promise.all([work("a"), work("b"), work("c")]);
  counting = false;
  expect(seen).toHaveLength(15);
  expect(new Set(seen.map((text) => text.split(" ")[0])).size).toBe(15);
  expect(
    seen
      .slice(0, 6)
      .map((text) => text.at(-1))
      .join(""),
  ).toBe("abcabc");
});
