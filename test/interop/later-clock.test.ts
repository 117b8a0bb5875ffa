import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, it } from "vitest";
import { describeWhere } from "../support/requires.ts";
import { faketimeEnvironment, faketimeLibrary } from "./faketime.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const LIBRARY = faketimeLibrary();
/** Later than any retention, and than the times of spans are believed. */
const CLOCK = { FAKETIME: "+9y" };
const RUN_MS = 20 * 60_000;

/** The everyday test files that name the folder of recordings, or import what does. */
function readersOfRecordings(): string[] {
  const files = ["src", "test"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(ROOT, folder, name)),
  );
  const texts = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
  const readers = new Set(files.filter((file) => /["'`/]fixtures["'`/]/.test(texts.get(file) as string)));
  const imports = (file: string) =>
    [...(texts.get(file) as string).matchAll(/\bfrom "(\.[^"]+)"/g)].map(([, path]) =>
      resolve(dirname(file), path as string),
    );
  for (let before = -1; before !== readers.size; ) {
    before = readers.size;
    for (const file of files) if (imports(file).some((path) => readers.has(path))) readers.add(file);
  }
  const interop = import.meta.dirname + sep;
  return [...readers]
    .filter((file) => file.endsWith(".test.ts") && !file.startsWith(interop))
    .map((file) => relative(ROOT, file))
    .sort();
}

function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  return new Promise<{ readonly code: number | null; readonly output: string }>((done, fail) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", fail).on("close", (code) => done({ code, output }));
  });
}

it("some tests read recordings", () => {
  expect(readersOfRecordings().length).toBeGreaterThan(5);
});

describeWhere(LIBRARY !== undefined, "libfaketime is missing", "nine years after the recordings", () => {
  it(
    "every test that reads them passes",
    async () => {
      const env = faketimeEnvironment(LIBRARY as string, CLOCK);
      const year = await run(["-p", "new Date().getFullYear()"], env);
      expect(Number(year.output), year.output).toBeGreaterThanOrEqual(new Date().getFullYear() + 8);
      const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
      const { code, output } = await run([vitest, "run", ...readersOfRecordings()], env);
      expect(code, output).toBe(0);
    },
    RUN_MS,
  );
});
