import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import config from "../../vitest.config.ts";
import { randomFrom, repeatCommand, SEED, seeded } from "./seed.ts";

const ROOT = join(import.meta.dirname, "../..");
const retry = config.test?.retry as { readonly condition: RegExp };

function failureOf(assertion: () => void): Error {
  try {
    assertion();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it holds");
}

describe("a property that fails", () => {
  const fails = (): Error =>
    failureOf(() =>
      fc.assert(
        fc.property(fc.integer(), (n) => {
          expect(n).toBeNaN();
        }),
      ),
    );

  it("says how to repeat it, with what was expected as the cause", () => {
    const { message, cause } = fails();
    expect(message).toContain("Counterexample");
    expect(message).toContain(`SPANLOOM_TEST_SEED=${SEED} npx vitest run test/support/seed.test.ts`);
    expect((cause as Error).message).toContain("NaN");
  });

  it("fails the same way with the same seed", () => {
    expect(fails().message).toBe(fails().message);
  });

  it("is not tried again, as other failures are", async () => {
    const drawn = await seeded(async () => expect(1).toBe(2))().catch((error: Error) => error);
    expect((drawn as Error).message).toContain(repeatCommand());
    expect(retry.condition.test((drawn as Error).message)).toBe(false);
    expect(retry.condition.test(fails().message)).toBe(false);
    expect(retry.condition.test("timed out\nafter 20 s")).toBe(true);
  });
});

describe("randomFrom", () => {
  it("gives numbers in [0, 1), the same for the same seed", () => {
    const draw = (seed: number): number[] => Array.from({ length: 1_000 }, randomFrom(seed));
    expect(draw(SEED)).toEqual(draw(SEED));
    expect(draw(SEED)).not.toEqual(draw(SEED + 1));
    for (const seed of [0, -1, SEED, 2_147_483_647]) {
      expect(Math.min(...draw(seed))).toBeGreaterThanOrEqual(0);
      expect(Math.max(...draw(seed))).toBeLessThan(1);
      expect(new Set(draw(seed)).size).toBeGreaterThan(900);
    }
  });
});

it("no test passes a seed of its own to a property or to a random choice", () => {
  const tests = ["src", "test", "web/src", "scripts"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && (folder === "test" || name.endsWith(".test.ts")))
      .map((name) => join(folder, name)),
  );
  const literal = /\bseed: *-?\d|\brandomFrom\(\d|\bMath\.random\(/;
  const passing = tests.filter((file) => literal.test(readFileSync(join(ROOT, file), "utf8")));
  expect(passing).toEqual([]);
});
