import { existsSync } from "node:fs";

/**
 * Folder of the package, with `package.json`, `proto/` and `dist/`, whether this runs from src/, dist/ or its chunks.
 */
export const PACKAGE_ROOT = nearestPackage(new URL(".", import.meta.url));

function nearestPackage(folder: URL): URL {
  for (let at = folder; ; ) {
    if (existsSync(new URL("package.json", at))) return at;
    const above = new URL("..", at);
    // Taken out of its package: what is missing is named where it is looked for.
    if (above.href === at.href) return folder;
    at = above;
  }
}
