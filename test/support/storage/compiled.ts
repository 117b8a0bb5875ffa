import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** JavaScript of what worker threads and child processes load: Node 22.13 cannot run TypeScript in them. */
export interface Compiled {
  /** For StoreSettings.threadEntries. */
  readonly threadEntries: string;
  /** URL of test/support/storage/thread-modules.ts, compiled. */
  readonly modules: string;
  /** File name of a compiled module, given from the root of the project. */
  file(source: string): string;
  remove(): void;
}

/** Compiles the store's threads, the modules that tests plug into them, and `extra` files given from the root. */
export async function compileThreads(extra: readonly string[] = []): Promise<Compiled> {
  // Below node_modules, so that imports of packages resolve as they do in an installation.
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, "spanloom-threads-"));
  const entries = ["ingest", "query", "export", "sealing"].map((name) => `src/storage/threads/${name}-worker.ts`);
  const files = [...entries, "src/storage/open-store.ts", "test/support/storage/thread-modules.ts", ...extra];
  writeFileSync(join(out, "package.json"), '{ "type": "module" }\n');
  writeFileSync(
    join(out, "tsconfig.json"),
    JSON.stringify({
      extends: relative(out, join(root, "tsconfig.json")),
      compilerOptions: {
        noEmit: false,
        rootDir: root,
        outDir: out,
        noCheck: true,
        typeRoots: [join(root, "node_modules/@types")],
      },
      files: files.map((file) => join(root, file)),
      include: [],
    }),
  );
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", out]);
  const file = (source: string) => join(out, source.replace(/\.ts$/, ".js"));
  return {
    threadEntries: `${pathToFileURL(dirname(file("src/storage/threads/ingest-worker.ts"))).href}/`,
    modules: pathToFileURL(file("test/support/storage/thread-modules.ts")).href,
    file,
    remove: () => rmSync(out, { recursive: true, force: true }),
  };
}
