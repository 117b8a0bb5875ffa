import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestCollector } from "../../src/testing/testing.ts";
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

it.each([
  ["localhost", {}],
  ["127.0.0.1", {}],
  [SHOP, { allowed_origins: ["http://*.example.org:*"] }],
])("a page of http://%s sends spans by all that a browser has", async (name, cors) => {
  const http = { endpoint: "127.0.0.1:0", cors };
  await using collector = await createTestCollector({ config: { receivers: { otlp: { protocols: { http } } } } });
  const page = `http://${name}:${(site.address() as AddressInfo).port}/`;
  await new Visitor(browser).visit(page, async (tab) => {
    expect(await tab.evaluate(`sendAll("${collector.url}/v1/traces")`)).toEqual([]);
  });
  for (const sent of SENT) await collector.waitForSpan({ name: sent }, 20_000);
  const names = (await collector.spans()).map((span) => span.name);
  expect(names.sort()).toEqual(SENT);
});
