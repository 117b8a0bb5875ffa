import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { faketimeEnvironment, faketimeLibrary } from "./faketime.ts";

/** Later than any retention, and than the times of spans are believed. */
const LATER = { FAKETIME: "+9y" };
/** When the run began by the machine's clock, ms since the epoch. */
export const BEGAN = "TEST_BEGAN_MS";

/** What `npm run test:later` says: what reads recordings runs nine years after them. */
export const asksForLaterClock = process.env.TEST_LATER_CLOCK === "1";

/** The environment of a Node nine years ahead; undefined where that is not asked for, or libfaketime is missing. */
export function laterClock(): Record<string, string> | undefined {
  const library = asksForLaterClock ? faketimeLibrary() : undefined;
  return library === undefined ? undefined : { ...faketimeEnvironment(library, LATER), [BEGAN]: String(Date.now()) };
}

/** The everyday test files below `root` that name the folder of recordings, or import what does. */
export function readersOfRecordings(root: string): string[] {
  const files = ["src", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(root, folder, name)),
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
  const interop = join(root, "test/interop") + sep;
  return [...readers]
    .filter((file) => file.endsWith(".test.ts") && !file.startsWith(interop))
    .map((file) => relative(root, file))
    .sort();
}
