import { expect, it } from "vitest";
import { resolveConfig } from "./resolve-config.ts";

it("flags that stand for one setting are texts, whatever they look like, and win over --set", async () => {
  const { storage, ui } = await resolveConfig({ data: "2026", ui: ":80", set: ["ui.endpoint=127.0.0.1:1"] }, {});
  expect([storage.path, ui.endpoint]).toEqual(["2026", ":80"]);
  await expect(resolveConfig({ ui: "99" }, {})).rejects.toThrow(
    '--ui: ui.endpoint: "99" is no listening address; expected host:port',
  );
  await expect(resolveConfig({ storage: "" }, {})).rejects.toThrow('storage.kind: expected one of "sqlite", "memory"');
});
