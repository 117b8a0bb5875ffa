// The licences of the packages that a build takes into its bundles, from the packages themselves.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

/** Lies beside what was bundled. */
export const LICENCES_FILE = "THIRD-PARTY-LICENSES.txt";

/**
 * The licences of all packages that have a part in a bundle.
 * @param ids of its modules, absolute paths
 */
export function licences(ids) {
  const packages = new Set(ids.map(packageFolder).filter((folder) => folder !== undefined));
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e\b/i.test(entry));
    if (file === undefined) throw new Error(`${folder}: a bundled package without a licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  if (texts.length === 0) throw new Error("no package is in the bundle; expected some");
  const rule = `\n${"-".repeat(80)}\n\n`;
  return `The JavaScript here contains these packages.\n${rule}${texts.join(rule)}`;
}

function packageFolder(id) {
  const marker = `${sep}node_modules${sep}`;
  const at = id.lastIndexOf(marker);
  if (at < 0) return undefined;
  const [scopeOrName, name] = id.slice(at + marker.length).split(sep);
  const folder =
    id.slice(0, at + marker.length) + (scopeOrName.startsWith("@") ? join(scopeOrName, name) : scopeOrName);
  return existsSync(join(folder, "package.json")) ? folder : undefined;
}

/**
 * Plugins for Vite that note what is bundled, and give `write` the licences before anything is written.
 * @param write `(context, files, text)`: the plugin's context and the files of the bundle
 * @returns for `plugins` and for `worker.plugins`: Vite bundles workers by themselves, before the pages
 */
export function licencePlugins(write) {
  const ids = new Set();
  const note = (files) => {
    for (const file of Object.values(files)) {
      if (file.type === "chunk") for (const id of file.moduleIds) ids.add(id.replace(/\?.*$/, ""));
    }
  };
  return {
    pages: {
      name: "licences",
      generateBundle(_options, files) {
        note(files);
        write(this, files, licences([...ids]));
      },
    },
    workers: () => [
      {
        name: "licences-of-workers",
        generateBundle(_options, files) {
          note(files);
        },
      },
    ],
  };
}
