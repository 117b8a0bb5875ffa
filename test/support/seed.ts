import { randomInt } from "node:crypto";
import { relative } from "node:path";
import { expect } from "vitest";

/**
 * What every random choice of this test file is drawn from: fresh in each process, or SPANLOOM_TEST_SEED, which
 * repeats a run that failed.
 */
export const SEED: number = readSeed(process.env.SPANLOOM_TEST_SEED) ?? randomInt(1, 2_147_483_647);

function readSeed(asked: string | undefined): number | undefined {
  if (asked === undefined || asked === "") return undefined;
  const seed = Number(asked);
  if (!Number.isSafeInteger(seed)) throw new Error(`SPANLOOM_TEST_SEED is "${asked}"; expected a whole number`);
  return seed;
}

/** The command that repeats the running test file. vitest.config.ts tells by it which failures are not tried again. */
export function repeatCommand(): string {
  const file = relative(process.cwd(), expect.getState().testPath ?? "");
  const long = ["SPANLOOM_CRASH_ROUNDS", "SPANLOOM_LONG_TESTS"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [`${name}=${value} `];
  });
  return `${long.join("")}SPANLOOM_TEST_SEED=${SEED} npx vitest run ${file}`;
}

/** Numbers in [0, 1), the same for the same seed (Lehmer's generator). */
export function randomFrom(seed: number): () => number {
  const modulus = 2_147_483_647;
  let state = (Math.abs(seed) % (modulus - 1)) + 1;
  return () => {
    state = (state * 48_271) % modulus;
    return state / modulus;
  };
}

/** The body of a test that draws from this file's seed; where it fails, the error says how to repeat it. */
export function seeded<A extends readonly unknown[]>(
  body: (random: () => number, ...args: A) => Promise<void>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await body(randomFrom(SEED), ...args);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`${text}\nRepeat with: ${repeatCommand()}`, { cause: error });
    }
  };
}

/**
 * As `seeded`, of a test that ends processes: the command is printed before, for such a test may never come to an end.
 */
export function seededKills<A extends readonly unknown[]>(
  body: (random: () => number, ...args: A) => Promise<void>,
): (...args: A) => Promise<void> {
  const run = seeded(body);
  return (...args) => {
    console.info(`kills drawn from seed ${SEED}: ${repeatCommand()}`);
    return run(...args);
  };
}
