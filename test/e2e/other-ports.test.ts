import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";

let collector: Collector;
beforeAll(async () => {
  collector = await createCollector({
    receivers: { zipkin: { endpoint: "127.0.0.1:0" } },
    ui: { tempo_endpoint: "127.0.0.1:0" },
    discovery: { server: { enabled: true, endpoint: "127.0.0.1:0" } },
  });
});
afterAll(() => collector?.shutdown());

it("says what a port is to whoever opens it in a browser", async () => {
  const { receivers, tempo, registry } = collector.endpoints;
  const zipkin = receivers.find(({ receiver }) => receiver === "zipkin")?.address;
  const said = new Map<string, string>();
  for (const [name, url] of Object.entries({ zipkin, tempo, registry })) {
    const answer = await fetch(new URL("/", url));
    expect([answer.status, answer.headers.get("content-type")], name).toEqual([200, "text/plain; charset=utf-8"]);
    said.set(name, await answer.text());
  }
  expect(said.get("zipkin")).toContain("port for Zipkin");
  expect(said.get("tempo")).toContain("port for Grafana");
  expect(said.get("registry")).toContain("service registry");
  for (const [name, text] of said) expect(text, name).toContain("ui.endpoint");
  const nothing = await fetch(new URL("/nothing", registry));
  expect([nothing.status, await nothing.text()]).toEqual([
    404,
    "nothing at /nothing; the registry is below /v1, as Consul's is\n",
  ]);
});
