// How JavaScript is made of src/: shared by the build and by scripts that need more of the program than it exports.
import { isBuiltin } from "node:module";
import { isAbsolute, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { httpModule } from "./http-module.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const COMMON = { platform: "node", cwd: ROOT, logLevel: "warn" };
// Stack traces of users have to name functions and show lines that can be read.
const OUTPUT = {
  format: "esm",
  minify: false,
  comments: { annotation: true, jsdoc: false, legal: true },
  entryFileNames: "[name].js",
};

/**
 * Bundles modules of src/ with what they share in chunks/.
 * @param sources names below src/ without their ending: `cli/main`
 * @param bundled packages that are taken along; all others stay imports
 * @param shared what `sharedChunks` returned; without it the bundler divides as it likes
 * @returns ids of the modules, absolute paths
 */
export async function bundle(sources, dir, { bundled = [], shared } = {}) {
  const { output } = await build({
    ...COMMON,
    input: inputs(sources),
    external: isExternal([...bundled, "node:http"]),
    plugins: [httpModule, ...(shared === undefined ? [] : [shared.plugin])],
    output: {
      ...OUTPUT,
      dir,
      keepNames: true,
      ...(shared === undefined ? {} : { codeSplitting: { groups: shared.groups } }),
      chunkFileNames: "chunks/[name]-[hash].js",
    },
  });
  return output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
}

/**
 * Bundles one module of src/ with all it imports by itself: `dist/testing/testing.cjs` of `testing/testing` as
 * CommonJS. What it imports with `import()` lies in chunks beside it.
 * @param format `esm` or `cjs`
 * @returns ids of the modules, absolute paths
 */
export async function bundleAlone(source, dir, { format, bundled }) {
  const { output } = await build({
    ...COMMON,
    input: inputs([source]),
    external: isExternal(bundled),
    output: {
      ...OUTPUT,
      dir,
      format,
      keepNames: true,
      entryFileNames: format === "cjs" ? "[name].cjs" : "[name].js",
      chunkFileNames: `testing/chunks/[name]-[hash].${format === "cjs" ? "cjs" : "js"}`,
    },
  });
  return output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
}

/** Modules of src/ and all they import as a file each, so that a bundler of the user's takes what it needs. */
export async function transpile(sources, dir) {
  await build({
    ...COMMON,
    input: inputs(sources),
    external: isPackage,
    output: {
      ...OUTPUT,
      dir,
      preserveModules: true,
      preserveModulesRoot: join(ROOT, "src"),
    },
  });
}

/** What a bundled package needs comes along. */
function isExternal(bundled) {
  return (id, importer) => isPackage(id) && !bundled.includes(id) && (isBuiltin(id) || !isOthers(importer));
}

function inputs(sources) {
  return Object.fromEntries(sources.map((name) => [name, join(ROOT, "src", `${name}.ts`)]));
}

function isOthers(file) {
  return file?.split(sep).includes("node_modules") ?? false;
}

function isPackage(id) {
  return !id.startsWith(".") && !isAbsolute(id);
}
