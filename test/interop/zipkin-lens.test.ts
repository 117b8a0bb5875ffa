import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { describeWhere } from "../support/requires.ts";
import { launchBrowser, testBrowser } from "../ui/launch-browser.ts";
import { zipkinLens } from "./tools.ts";

const lens = zipkinLens();
const ready = lens !== undefined && testBrowser() !== undefined;
const T0 = (Date.now() - 60_000) * 1000;
const PATIENCE = { timeout: 30_000 };

// Zipkin's real UI in a real browser, with this collector in the place of Zipkin's server.
describeWhere(ready, "Java, Maven, Zipkin or Chromium is missing", "Zipkin's UI", () => {
  let browser: Browser;
  let collector: Collector;
  let url: string;

  beforeAll(async () => {
    collector = await createCollector({
      ui: { zipkin_assets_path: lens as string },
      receivers: { zipkin: { endpoint: "127.0.0.1:0" } },
    });
    url = `http://${collector.endpoints.receivers.find(({ receiver }) => receiver === "zipkin")?.listensOn}`;
    const span = { traceId: "000000000000000a", timestamp: T0, duration: 50_000 };
    const response = await fetch(`${url}/api/v2/spans`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([
        { ...span, id: "000000000000000a", kind: "SERVER", name: "get /cart", localEndpoint: { serviceName: "front" } },
        {
          ...{ ...span, id: "000000000000000b", parentId: "000000000000000a", kind: "CLIENT", name: "look" },
          localEndpoint: { serviceName: "front" },
          remoteEndpoint: { serviceName: "stock" },
        },
      ]),
    });
    expect(response.status).toBe(202);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await collector?.shutdown();
  });

  it("searches, shows a trace, and is refused nothing", async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("response", (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(`${url}/zipkin/?serviceName=front&lookback=15m&limit=10`);
    await page.getByRole("button", { name: /run query/i }).click(PATIENCE);
    await page.getByText("get /cart").first().waitFor(PATIENCE);
    await page.goto(`${url}/zipkin/traces/000000000000000a`);
    await page.getByText("look").first().waitFor(PATIENCE);
    await page.goto(`${url}/zipkin/dependency`);
    await page.getByText("Dependencies").first().waitFor(PATIENCE);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
