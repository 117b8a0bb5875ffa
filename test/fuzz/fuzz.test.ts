import { expect, it } from "vitest";
import { fuzz, problemOf } from "../support/fuzz/fuzz.ts";
import { FUZZ_TARGETS } from "../support/fuzz/targets.ts";
import { SEED, seeded } from "../support/seed.ts";
import { FOUND } from "./found.ts";

/** All together: some seconds in `npm test`, as many minutes as it is given in bench/fuzz.ts. */
const SECONDS = Number(process.env.SPANLOOM_FUZZ_SECONDS ?? 10);
const LONGEST_MINIMISING_MS = 60_000;

it.each(FUZZ_TARGETS.map((target, at) => [target.name, target, at] as const))(
  "%s: every input is refused with an error that says why, or read as it was written",
  (name, target, at) =>
    seeded(async (random) => {
      for (let i = 0; i < at; i++) random();
      const until = performance.now() + (SECONDS * 1000) / FUZZ_TARGETS.length;
      const { inputs, finding } = fuzz(target, random, until);
      if (finding === undefined) {
        expect(inputs).toBeGreaterThan(0);
        return;
      }
      const bytes = Buffer.from(finding.input).toString("base64");
      expect.fail(
        `seed ${SEED}: ${finding.problem}\nFor test/fuzz/found.ts: { target: "${name}", base64: "${bytes}" }`,
      );
    })(),
  SECONDS * 1000 + LONGEST_MINIMISING_MS,
);

it.each(FOUND)("$target: what was found once holds ($what)", ({ target, base64 }) => {
  const known = FUZZ_TARGETS.find(({ name }) => name === target);
  expect(known).toBeDefined();
  if (known !== undefined) expect(problemOf(known, Uint8Array.from(Buffer.from(base64, "base64")))).toBeUndefined();
});
