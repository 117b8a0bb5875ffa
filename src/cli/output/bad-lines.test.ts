import { expect, it } from "vitest";
import { badLineReporter } from "./bad-lines.ts";

it("names the first ten lines, and says once that there are more", () => {
  const written: string[] = [];
  const report = badLineReporter((text) => written.push(text));
  for (let line = 1; line <= 1_000; line++) report("passwd", line, "expected a value");
  expect(written).toHaveLength(11);
  expect(written[9]).toBe("spanloom: passwd:10: left out: expected a value\n");
  expect(written[10]).toBe("spanloom: more lines were left out\n");
});
