import { readFileSync } from "node:fs";
import { PACKAGE_ROOT } from "../codec/package-root.ts";

/** The version in package.json. */
export function readVersion(): string {
  const text = readFileSync(new URL("package.json", PACKAGE_ROOT), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
