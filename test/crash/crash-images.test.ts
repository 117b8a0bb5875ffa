import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { SqliteDriverName } from "../../src/storage/sqlite/choose-driver.ts";
import { imageProblems } from "../support/disk/check-image.ts";
import { writeImage } from "../support/disk/disk-image.ts";
import type { DiskEvent } from "../support/disk/disk-log.ts";
import { RECORDED_CHILD, type Recording, readRecording, record } from "../support/disk/recorded-run.ts";
import { canShim, compileShim, NO_SHIM, type Shim } from "../support/disk/shim.ts";
import { describeWhere } from "../support/requires.ts";
import { randomFrom, SEED } from "../support/seed.ts";
import { type Compiled, compileThreads } from "../support/storage/compiled.ts";
import { loadableDrivers } from "../support/storage/driver.ts";

/** How many images, over all drivers: few in `npm test`, thousands in bench/crash-images.ts. */
const SEEDS = Number(process.env.SPANLOOM_CRASH_SEEDS ?? 50);
/** A recording of an earlier run that failed, and the one seed of it to look at again. */
const KEPT = process.env.SPANLOOM_CRASH_RECORDING;
const ONE_SEED = process.env.SPANLOOM_CRASH_SEED;
const KEEP_IN = ".tmp/crash-images";

describeWhere(canShim, NO_SHIM, "a disk as a power cut leaves it", () => {
  let compiled: Compiled;
  let shim: Shim;
  beforeAll(async () => {
    compiled = await compileThreads([RECORDED_CHILD]);
    shim = compileShim();
  });
  afterAll(() => {
    compiled.remove();
    shim.remove();
  });

  it.each(loadableDrivers)(
    `holds what was acknowledged and shows nothing else, torn, reordered or short, with %s (${SEEDS} seeds in all)`,
    async (name, driver) => {
      const recording = KEPT === undefined ? await record(compiled, shim, name as SqliteDriverName) : undefined;
      try {
        const events = recording?.events ?? readRecording(KEPT as string);
        expectWholeRun(events);
        for (const seed of seedsOf()) {
          const { problems, what } = tryImage(events, seed, { name: name as SqliteDriverName, driver });
          if (problems.length === 0) continue;
          const kept = KEPT ?? keep(recording as Recording, name, seed);
          const again = `SPANLOOM_CRASH_RECORDING=${kept} SPANLOOM_CRASH_SEED=${seed} npx vitest run test/crash/crash-images.test.ts`;
          expect.fail(`${what}:\n${problems.join("\n")}\nRepeat with: ${again} -t ${name}`);
        }
      } finally {
        recording?.remove();
      }
    },
    3_600_000,
  );
});

/** `SEEDS` of them, and before them one for the moment at which everything was said to be deleted. */
function seedsOf(): readonly (number | "emptied")[] {
  if (ONE_SEED !== undefined) return [ONE_SEED === "emptied" ? ONE_SEED : Number(ONE_SEED)];
  const count = Math.ceil(SEEDS / loadableDrivers.length);
  return ["emptied", ...Array.from({ length: count }, (_, i) => SEED + i * 7919)];
}

function tryImage(
  events: readonly DiskEvent[],
  seed: number | "emptied",
  driver: Parameters<typeof imageProblems>[3],
): { readonly problems: readonly string[]; readonly what: string } {
  const emptied = events.findIndex((event) => event.type === "mark" && event.text.includes('"emptied"'));
  const random = randomFrom(seed === "emptied" ? 1 : seed);
  const at = seed === "emptied" ? emptied + 1 : 1 + Math.floor(random() * events.length);
  const path = mkdtempSync(join(tmpdir(), "spanloom-image-"));
  try {
    const how = writeImage(events, at, random, path, seed === "emptied" ? "nothing" : undefined);
    const what = `seed ${seed}, ${driver.name}, cut after ${at} of ${events.length} calls, ${how}`;
    try {
      return { problems: imageProblems(path, events, at, driver), what };
    } catch (error) {
      return { problems: [`it cannot be opened: ${(error as Error).stack}`], what };
    }
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** All that is to be torn must have happened. */
function expectWholeRun(events: readonly DiskEvent[]): void {
  const types = new Set(events.map(({ type }) => type));
  for (const type of ["open", "write", "truncate", "sync", "rename", "unlink", "mark"]) expect(types).toContain(type);
  const marks = events.flatMap((event) => (event.type === "mark" ? [event.text] : []));
  for (const what of ["acknowledged", "deleted", "registering", "emptied"]) {
    expect(
      marks.some((text) => text.includes(`"${what}"`)),
      what,
    ).toBe(true);
  }
  expect(marks.some((text) => !text.startsWith("{"))).toBe(true);
  const sealed = events.filter((event) => event.type === "rename" && /\.sealing$/.test(event.from));
  expect(sealed.length).toBeGreaterThan(2);
}

function keep(recording: Recording, driver: string, seed: number | "emptied"): string {
  mkdirSync(KEEP_IN, { recursive: true });
  const file = join(KEEP_IN, `${driver.replace(":", "-")}-${seed}.log`);
  recording.keep(file);
  return file;
}
