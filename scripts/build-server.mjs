// Makes all of dist/ but the web UI: declarations by tsc, JavaScript by rolldown
// (docs/adr/0006-a-bundled-collector-and-a-plain-sdk.md).
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LICENCES_FILE, licences } from "./licences.mjs";
import { bundle, bundleAlone, ROOT, transpile } from "./server-bundle.mjs";
import { sharedChunks } from "./shared-chunks.mjs";

const DIST = join(ROOT, "dist");

/** What starts by itself, and the modules that each loads at its start: of the threads, by name. */
const PROGRAMS = {
  check: ["cli/main"],
  command: ["cli/run-command"],
  collector: ["app/collector", "cli/commands/serve-run"],
  kit: ["testing/testing"],
  threads: [
    ["storage/threads/ingest-worker", "app/store-modules/ingest"],
    ["storage/threads/query-worker", "app/store-modules/query", "app/store-modules/views"],
    ["storage/threads/export-worker", "app/store-modules/export"],
    ["storage/threads/sealing-worker"],
  ],
};
const COLLECTOR = [...PROGRAMS.check, "app/collector", ...PROGRAMS.kit, ...PROGRAMS.threads.flat()];
/** Small, pure packages that take longer to find and open than to run. */
const BUNDLED = ["cli-progress", "commander", "router", "yaml", "zod"];
/** The kit for tests, beside its ESM in COLLECTOR: each by itself. Jest's CommonJS loads no ESM. */
const KIT = [
  ["testing/testing", "cjs"],
  ["testing/jest", "cjs"],
  ["testing/jest", "esm"],
  ["testing/vitest", "esm"],
  ["testing/node-test", "cjs"],
  ["testing/node-test", "esm"],
];
const KIT_ENTRIES = ["testing/testing", "testing/jest", "testing/vitest", "testing/node-test"];
/** The other exports of package.json. */
const SDK = ["sdk/index", "sdk/otel-api", "declarations/read-services"];

/** What a declaration mentions of others of this package. */
const DECLARED_IN = /(\bfrom |\bimport\()"(\.[^"]+)\.[jt]s"/g;

mkdirSync(DIST, { recursive: true });
for (const name of readdirSync(DIST))
  if (name !== "web" && name !== "saved") rmSync(join(DIST, name), { recursive: true });
const [moduleIds] = await Promise.all([
  bundle(COLLECTOR, DIST, { bundled: BUNDLED, shared: sharedChunks(ROOT, PROGRAMS) }),
  transpile(SDK, DIST),
  declarations(),
  ...KIT.map(([source, format]) => bundleAlone(source, DIST, { format, bundled: BUNDLED })),
]);
removeUnused([...SDK, "app/collector", ...KIT_ENTRIES].map((name) => join(DIST, `${name}.d.ts`)));
for (const [source, format] of KIT) if (format === "cjs") commonJsDeclarations(join(DIST, `${source}.d.ts`));
writeFileSync(join(DIST, LICENCES_FILE), licences(moduleIds));
// It is linked as a command, also from a checkout.
chmodSync(join(DIST, "cli/main.js"), 0o755);

function declarations() {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const child = spawn(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: ROOT, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`tsc ended with ${code}`))));
  });
}

/** The declarations of an entry and of all that they mention once more, for programs that load it as CommonJS. */
function commonJsDeclarations(entry) {
  const done = new Set();
  const visit = (file) => {
    if (done.has(file)) return;
    done.add(file);
    const text = readFileSync(file, "utf8").replace(DECLARED_IN, (_, start, target) => {
      visit(join(dirname(file), `${target}.d.ts`));
      return `${start}"${target}.cjs"`;
    });
    writeFileSync(file.replace(/\.ts$/, ".cts"), text);
  };
  visit(entry);
}

/** Declarations that none of the package's entries mentions tell nobody anything. */
function removeUnused(entries) {
  const used = new Set();
  const visit = (file) => {
    if (used.has(file)) return;
    used.add(file);
    for (const [, , target] of readFileSync(file, "utf8").matchAll(DECLARED_IN)) {
      visit(join(dirname(file), `${target}.d.ts`));
    }
  };
  for (const entry of entries) visit(entry);
  for (const name of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
    const file = join(DIST, name);
    if (name.endsWith(".d.ts") && !used.has(file)) rmSync(file);
  }
  removeEmpty(DIST);
}

function removeEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}
