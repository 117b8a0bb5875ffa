import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("disk-shim.c", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Standing between a process and the C library is done on Linux, and wants a compiler. */
export const canShim = process.platform === "linux" && compiles();
export const NO_SHIM = "needs Linux, gcc and the headers of the C library";

/** Without its recommendations Debian's gcc has no headers. */
function compiles(): boolean {
  const args = ["-x", "c", "-fsyntax-only", "-"];
  return spawnSync("gcc", args, { input: "#include <stdio.h>\n", timeout: 60_000 }).status === 0;
}

/** The compiled disk-shim.c. */
export interface Shim {
  /** Environment of a process whose changes below `folder` are seen. */
  env(places: { readonly folder: string; readonly marks: string; readonly log?: string }): NodeJS.ProcessEnv;
  remove(): void;
}

export function compileShim(): Shim {
  const cache = join(ROOT, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, "spanloom-shim-"));
  const library = join(out, "disk-shim.so");
  const { status, stderr } = spawnSync("gcc", ["-O2", "-Wall", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${SOURCE} does not compile: ${stderr}`);
  return {
    env: ({ folder, marks, log }) => ({
      ...process.env,
      LD_PRELOAD: library,
      // What goes to the kernel by a ring of requests is not seen.
      UV_USE_IO_URING: "0",
      SPANLOOM_DISK_FOLDER: folder,
      SPANLOOM_DISK_MARKS: marks,
      ...(log === undefined ? {} : { SPANLOOM_DISK_LOG: log }),
    }),
    remove: () => rmSync(out, { recursive: true, force: true }),
  };
}
