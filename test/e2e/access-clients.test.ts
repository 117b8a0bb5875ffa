import { expect, it } from "vitest";
import { makeToken } from "../../src/access/secrets.ts";
import { ApiClient } from "../../src/cli/client/api-client.ts";
import { sendDemo } from "../../src/demo/send-demo.ts";
import { createTestCollector } from "../../src/testing/collector/create-test-collector.ts";

const READER = makeToken();
const config = { access: { tokens: { reader: { token: READER, scopes: ["read" as const] } } } };

it("lets the kit's environment send, and nobody without it", async () => {
  await using collector = await createTestCollector({ config });
  const header = decodeURIComponent(collector.env.OTEL_EXPORTER_OTLP_HEADERS as string);
  const token = header.replace("authorization=Bearer ", "");
  const signal = new AbortController().signal;
  const demo = { endpoint: collector.url, seed: 1, traces: 3, spreadMs: 1_000, signal };
  const one = { ...demo, spansPerSecond: undefined, forMs: undefined };
  await expect(sendDemo(one)).rejects.toThrow("401: no credential was shown");
  await expect(sendDemo({ ...one, token: READER })).rejects.toThrow("needs the scope ingest");
  expect((await sendDemo({ ...one, token })).rejectedSpans).toBe(0);
  expect((await collector.traces()).length).toBe(3);
  const services = (client: ApiClient) => client.json<{ data: string[] }>("api/services");
  expect((await services(new ApiClient({ url: collector.uiUrl, token: READER }))).data.length).toBeGreaterThan(0);
  await expect(services(new ApiClient({ url: collector.uiUrl }))).rejects.toThrow("no credential was shown");
});
