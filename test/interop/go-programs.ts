import { createHash } from "node:crypto";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, has, run } from "./tools.ts";

const SOURCES = join(import.meta.dirname, "programs/go");

/**
 * Path of one of the programs in programs/go, which use other people's libraries; undefined where it cannot be built.
 * They are one module, so that what two of them need is compiled once; a first build of `collector` and `jaeger` takes
 * about a minute of two cores.
 */
export function goPeer(name: "collector" | "consul" | "jaeger"): string | undefined {
  const hash = createHash("sha256");
  for (const file of ["go.mod", `${name}/main.go`]) hash.update(readFileSync(join(SOURCES, file)));
  const folder = join(CACHE, "go-peers");
  const program = join(folder, "bin", `${name}-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(program)) return program;
  if (!has("go", "version")) return undefined;
  cpSync(SOURCES, folder, { recursive: true });
  // go.mod names what the programs import; what that imports in turn is written beside it.
  return run("go", ["build", "-mod=mod", "-o", program, `./${name}`], {}, folder) ? program : undefined;
}
