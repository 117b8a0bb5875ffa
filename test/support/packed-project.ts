import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** What `npm pack` makes of this checkout, in a folder. Gives the archive's path. */
export function packInto(folder: string): string {
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], { cwd: ROOT });
  return join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) as string);
}

/**
 * A temporary folder whose `app/` is what an `npm install spanloom` in an empty project gives. Dependencies are linked
 * from this checkout instead of being fetched again: the package's own files are what is under test.
 * @param beside further packages that the project has, of this checkout
 */
export function packedProject(beside: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-pack-"));
  const archive = packInto(folder);
  const modules = join(folder, "app/node_modules");
  mkdirSync(join(modules, "spanloom"), { recursive: true });
  writeFileSync(join(folder, "app/package.json"), '{ "type": "module" }');
  execFileSync("tar", ["-xzf", archive, "--strip-components=1", "-C", join(modules, "spanloom")]);
  for (const name of [...productionDependencies(), ...beside]) {
    const target = join(modules, name);
    mkdirSync(dirname(target), { recursive: true });
    if (!existsSync(target)) symlinkSync(join(ROOT, "node_modules", name), target);
  }
  return folder;
}

/** Names of everything that a production install holds, from npm itself. */
function productionDependencies(): string[] {
  const output = execFileSync("npm", ["ls", "--omit=dev", "--omit=peer", "--all", "--parseable"], {
    cwd: ROOT,
  }).toString();
  return output
    .trim()
    .split("\n")
    .slice(1)
    .map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
}
