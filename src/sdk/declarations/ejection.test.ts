import { expect, it } from "vitest";
import type { ServiceInstance } from "../registry/registry-client.ts";
import { Ejection } from "./ejection.ts";

const instances = ["a", "b", "c", "d", "e"].map((id): ServiceInstance => {
  return { id, name: "s", host: "h", port: 1, tags: [], metadata: {}, weight: 1, health: "healthy" };
});

function setUp() {
  let now = 1_000;
  const ejection = new Ejection(() => now);
  const usable = (count = 5): string =>
    ejection
      .usable(instances.slice(0, count))
      .map(({ id }) => id)
      .join("");
  const pass = (ms: number): void => {
    now += ms;
  };
  return { ejection, usable, pass };
}

it("leaves out who did not answer, longer each time in a row, until it answers", () => {
  const { ejection, usable, pass } = setUp();
  ejection.failed("b");
  expect(usable()).toBe("acde");
  pass(5_000);
  expect(usable()).toBe("abcde");
  ejection.failed("b");
  pass(9_999);
  expect(usable()).toBe("acde");
  pass(1);
  expect(usable()).toBe("abcde");
  ejection.failed("b");
  ejection.answered("b");
  expect(usable()).toBe("abcde");
  ejection.failed("b");
  pass(5_000);
  expect(usable()).toBe("abcde");
});

it("counts calls that fail together once", () => {
  const { ejection, usable, pass } = setUp();
  for (let count = 0; count < 20; count++) ejection.failed("a");
  pass(5_000);
  expect(usable()).toBe("abcde");
});

it("is never longer than a minute", () => {
  const { ejection, usable, pass } = setUp();
  for (let count = 0; count < 100; count++) {
    pass(60_000);
    ejection.failed("a");
  }
  pass(59_999);
  expect(usable()).toBe("bcde");
  pass(1);
  expect(usable()).toBe("abcde");
});

it("never leaves out more than half, nor the last one", () => {
  const { ejection, usable, pass } = setUp();
  for (const id of ["a", "b", "c", "d"]) {
    ejection.failed(id);
    pass(1);
  }
  expect(usable()).toBe("abe");
  expect(usable(2)).toBe("a");
  expect(usable(1)).toBe("a");
  expect(usable(0)).toBe("");
});
