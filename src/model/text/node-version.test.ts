import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { whyTooOld } from "./node-version.ts";

it("takes what package.json names and later, and says of anything older what is needed", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
    engines: { node: string };
  };
  const [major, minor] = engines.node.replace(">=", "").split(".").map(Number) as [number, number];
  for (const fits of [`${major}.${minor}.0`, `${major}.${minor + 1}.0`, `${major + 1}.0.0`, process.versions.node]) {
    expect(whyTooOld(fits), fits).toBeUndefined();
  }
  for (const old of [`${major}.${minor - 1}.9`, `${major - 1}.99.0`, "8.17.0"]) {
    expect(whyTooOld(old)).toMatch(`Node ${old} is too old: spanloom needs Node ${major}.${minor} or newer`);
  }
});
