#!/usr/bin/env node
// Writes the bill of materials (CycloneDX, JSON) of what a user gets: the packages that are installed with the
// collector and those that are built into dist/, with versions, licences and checksums as package-lock.json has them.
//
//   node scripts/bill-of-materials.mjs FILE
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./checkout-lock.mjs";
import { fail, say } from "./messages.mjs";
import { npm } from "./processes.mjs";

const file = process.argv[2];
if (file === undefined) fail("a file is missing: node scripts/bill-of-materials.mjs FILE");

/** Packages of other people whose code is built into dist/: users have it without installing it. */
const BUNDLED = JSON.parse(readFileSync(join(ROOT, "scripts/bundled-packages.json"), "utf8"));
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const whole = JSON.parse(
  execFileSync(npm(), ["sbom", "--sbom-format", "cyclonedx"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === "win32",
  }),
);
const root = whole.metadata.component["bom-ref"];
const edges = new Map(whole.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
const shipped = new Set([...Object.keys(manifest.dependencies), ...BUNDLED]);
const direct = edges.get(root).filter((ref) => shipped.has(nameOf(ref)));
const missing = [...shipped].filter((name) => !direct.some((ref) => nameOf(ref) === name));
if (missing.length > 0) fail(`not installed: ${missing.join(", ")}; run \`npm ci\` first`);

const reached = reachableFrom(direct);
const components = whole.components.filter((component) => reached.has(component["bom-ref"]));
const bill = {
  ...whole,
  metadata: { ...whole.metadata, component: { ...whole.metadata.component, name: manifest.name, type: "application" } },
  components: components.map((component) => ({ ...component, scope: "required" })),
  dependencies: [{ ref: root, dependsOn: direct }, ...whole.dependencies.filter(({ ref }) => reached.has(ref))],
};
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`);
say(`${components.length} packages in ${file}`);

function reachableFrom(refs) {
  const seen = new Set();
  const left = [...refs];
  for (let ref = left.pop(); ref !== undefined; ref = left.pop()) {
    if (seen.has(ref)) continue;
    seen.add(ref);
    left.push(...(edges.get(ref) ?? []));
  }
  return seen;
}

/** `@a/b` of `@a/b@1.2.3`. */
function nameOf(ref) {
  return ref.slice(0, ref.lastIndexOf("@"));
}
