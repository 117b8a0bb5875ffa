import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The library of the package libfaketime, which gives a process another wall clock; undefined where it is missing. */
export function faketimeLibrary(): string | undefined {
  const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/faketime`) : [];
  return [...folders, "/usr/lib/faketime", "/usr/local/lib/faketime"]
    .map((folder) => join(folder, "libfaketimeMT.so.1"))
    .find((path) => existsSync(path));
}

/**
 * A process hands the library's lock to its children through the environment, and one of them that is killed may leave
 * it held for ever: each has its own. The library removes it at the end by the name that is in the environment then.
 */
const OWN_LOCK = `--import=data:text/javascript,${encodeURIComponent(
  `const { env } = process;
  const lock = env.FAKETIME_SHARED;
  delete env.FAKETIME_SHARED;
  if (lock !== undefined) process.on("exit", () => { env.FAKETIME_SHARED = lock; });`,
)}`;

/** The environment of a Node whose wall clock is set by `clock`; what measures time that has passed stays as it is. */
export function faketimeEnvironment(library: string, clock: Readonly<Record<string, string>>): Record<string, string> {
  const options = [process.env.NODE_OPTIONS, OWN_LOCK].filter((option) => option !== undefined).join(" ");
  return { LD_PRELOAD: library, FAKETIME_DONT_FAKE_MONOTONIC: "1", NODE_OPTIONS: options, ...clock };
}
