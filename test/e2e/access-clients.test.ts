import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { makeToken } from "../../src/access/secrets.ts";
import { ApiClient } from "../../src/cli/client/api-client.ts";
import { sendDemo } from "../../src/demo/send-demo.ts";
import { createTestCollector } from "../../src/testing/collector/create-test-collector.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { SEED } from "../support/seed.ts";

const run = promisify(execFile);
const READER = makeToken();
const OPERATOR = makeToken();
const config = {
  access: {
    tokens: {
      reader: { token: READER, scopes: ["read" as const] },
      operator: { token: OPERATOR, scopes: ["admin" as const] },
    },
  },
};

it("lets the kit's environment send, and nobody without it", async () => {
  await using collector = await createTestCollector({ config });
  const header = decodeURIComponent(collector.env.OTEL_EXPORTER_OTLP_HEADERS as string);
  const token = header.replace("authorization=Bearer ", "");
  const signal = new AbortController().signal;
  const demo = { endpoint: collector.url, seed: SEED, traces: 3, spreadMs: 1_000, signal };
  const one = { ...demo, spansPerSecond: undefined, forMs: undefined };
  await expect(sendDemo(one)).rejects.toThrow("401: no credential was shown");
  await expect(sendDemo({ ...one, token: READER })).rejects.toThrow("needs the scope ingest");
  expect((await sendDemo({ ...one, token })).rejectedSpans).toBe(0);
  expect((await collector.traces()).length).toBe(3);
  const services = (client: ApiClient) => client.json<{ data: string[] }>("api/services");
  expect((await services(new ApiClient({ url: collector.uiUrl, token: READER }))).data.length).toBeGreaterThan(0);
  await expect(services(new ApiClient({ url: collector.uiUrl }))).rejects.toThrow("no credential was shown");
});

it("tells the page of an allowed origin why it is refused, and lets its preflight through", async () => {
  await using collector = await createTestCollector({ config });
  const url = `${collector.url}/v1/traces`;
  const origin = "http://localhost:3000";
  const sent = { method: "POST", body: "{}", headers: { origin, "content-type": "application/json" } };
  const refused = await fetch(url, sent);
  expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, origin]);
  expect(await refused.text()).toContain("no credential was shown");
  const foreign = await fetch(url, { ...sent, headers: { ...sent.headers, origin: "https://evil.example" } });
  expect([foreign.status, foreign.headers.get("access-control-allow-origin")]).toEqual([401, null]);
  const asked = { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" };
  const preflight = await fetch(url, { method: "OPTIONS", headers: asked });
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
});

it("takes the token of commands that change what is stored, by flag and by environment", async () => {
  await using collector = await createTestCollector({ config });
  const drop = (flags: readonly string[], env: Record<string, string> = {}) =>
    run(process.execPath, [MAIN, "db", "delete", "--all", "--yes", "--json", "--url", collector.uiUrl, ...flags], {
      env: { ...plainEnvironment(), ...env },
    });
  await expect(drop([])).rejects.toMatchObject({ stderr: expect.stringContaining("no credential was shown") });
  await expect(drop(["--token", READER])).rejects.toMatchObject({ stderr: expect.stringContaining("scope admin") });
  expect(JSON.parse((await drop(["--token", OPERATOR])).stdout)).toMatchObject({ deleted: expect.anything() });
  expect(JSON.parse((await drop([], { SPANLOOM_TOKEN: OPERATOR })).stdout)).toMatchObject({
    deleted: expect.anything(),
  });
});
