import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** Text of a file of the repository. */
export function text(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The pages for people, from the root of the repository. */
export function docPages(): string[] {
  const pages = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  const outer = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "changelog.d/README.md",
    ...["order-service", "express-vitest", "express-jest"].map((name) => `examples/${name}/README.md`),
  ];
  return [...outer, ...pages.map((name) => `docs/${name}`)];
}

/** Names of the metrics that docs/metrics.md lists, each with its labels. */
export function documentedMetrics(): Map<string, string[]> {
  const rows = text("docs/metrics.md").matchAll(/^\| `(\w+)` \| \w+ \| (.*?) \|/gm);
  return new Map([...rows].map(([, name, labels]) => [name as string, (labels as string).match(/\w+/g) ?? []]));
}
