import { expect, it } from "vitest";
import { placeLabels } from "./label-places.ts";

const along = Array.from({ length: 11 }, (_, i) => ({ x: i * 50, y: 0 }));
const label = (key: string) => ({ key, along, width: 100, height: 18 });

it("puts the first label on the middle of its line, and the next where it is free", () => {
  const places = placeLabels([label("a"), label("b"), label("c")], []);
  expect([...places].map(([key, at]) => [key, at.x])).toEqual([
    ["a", 250],
    ["b", 150],
    ["c", 350],
  ]);
});

it("never covers a card, and leaves out what has no room", () => {
  const cards = [{ x: 200, y: -30, width: 500, height: 60 }];
  expect([...placeLabels([label("a"), label("b"), label("c")], cards).keys()]).toEqual(["a"]);
});
