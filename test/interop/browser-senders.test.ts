import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { eventually } from "../support/eventually.ts";
import { Visitor } from "../ui/browser.ts";
import { launchBrowser } from "../ui/launch-browser.ts";

const SENT = ["SDK", "fetch", "fetch with credentials", "sendBeacon of a Blob", "sendBeacon of a text"];
/** A name of no loopback origin, which the browser finds at this machine all the same. */
const SHOP = "shop.example.org";

let script: string;
let browser: Browser;
/** Serves the page under every name. */
const site = createServer((request, response) => {
  const isPage = request.url === "/";
  response.setHeader("content-type", isPage ? "text/html" : "text/javascript");
  response.end(isPage ? '<!doctype html><link rel="icon" href="data:,"><script src="/page.js"></script>' : script);
});

beforeAll(async () => {
  const input = new URL("programs/page.mjs", import.meta.url).pathname;
  const bundle = await rolldown({ input, platform: "browser", logLevel: "warn" });
  script = (await bundle.generate({ format: "iife" })).output[0].code;
  await bundle.close();
  await once(site.listen(0, "127.0.0.1"), "listening");
  browser = await launchBrowser([`--host-resolver-rules=MAP ${SHOP} 127.0.0.1`]);
});
afterAll(async () => {
  await browser?.close();
  site.closeAllConnections();
  site.close();
});

/** What arrived of the page, and of the SDK, which was told no name. */
async function operations(collector: Collector): Promise<string[]> {
  const found = ["page", "unknown_service"].map(async (service) => {
    const answer = await fetch(`${collector.endpoints.ui}api/traces?service=${service}`);
    const { data } = (await answer.json()) as { data: { spans: { operationName: string }[] }[] };
    return data.flatMap(({ spans }) => spans.map(({ operationName }) => operationName));
  });
  return (await Promise.all(found)).flat().sort();
}

it.each([
  ["localhost", {}],
  ["127.0.0.1", {}],
  [SHOP, { allowed_origins: ["http://*.example.org:*"] }],
])("a page of http://%s sends spans by all that a browser has", async (name, cors) => {
  const http = { endpoint: "127.0.0.1:0", cors };
  const collector = await createCollector({ receivers: { otlp: { protocols: { http } } } });
  try {
    const page = `http://${name}:${(site.address() as AddressInfo).port}/`;
    await new Visitor(browser).visit(page, async (tab) => {
      expect(await tab.evaluate(`sendAll("${collector.endpoints.otlpHttp}/v1/traces")`)).toEqual([]);
    });
    await eventually(async () => expect(await operations(collector)).toEqual(SENT));
  } finally {
    await collector.shutdown();
  }
});
