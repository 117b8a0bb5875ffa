import { readFileSync } from "node:fs";

/** The version in package.json; the same file whether this runs from src/ or from dist/. */
export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
