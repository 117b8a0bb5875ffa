import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { describeWhere } from "../support/requires.ts";
import { Visitor } from "../ui/browser.ts";
import { launchBrowser } from "../ui/launch-browser.ts";
import {
  CADDY,
  type ConfigText,
  CREDENTIALS,
  caddyWith,
  documentedNginx,
  NGINX,
  nginxWith,
  ReverseProxy,
} from "./reverse-proxies.ts";

/** The name by which people reach the proxy, as in docs/operations.md. */
const NAME = "traces.example.org";
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

interface Setup {
  readonly config: ConfigText;
  /** Undefined where only the proxy knows the path. */
  readonly base_path?: string;
}

const NGINX_SETUPS: Readonly<Record<string, Setup>> = {
  "as docs/operations.md has it": { config: documentedNginx, base_path: "/tracing" },
  "that passes on no more than the name": {
    config: nginxWith("location /tracing/ { proxy_pass http://UI; proxy_set_header Host $host; }"),
    base_path: "/tracing",
  },
  "that takes the path off": {
    config: nginxWith("location /tracing/ { proxy_pass http://UI/; }"),
    base_path: "/tracing",
  },
  "that takes the path off and says nothing": {
    config: nginxWith("location /tracing/ { proxy_pass http://UI/; proxy_set_header Host $host; }"),
  },
  "that takes the path off and says so": {
    config: nginxWith("location /tracing/ { proxy_pass http://UI/; proxy_set_header X-Forwarded-Prefix /tracing; }"),
  },
};
const CADDY_SETUPS: Readonly<Record<string, Setup>> = {
  "that passes the path on": { config: caddyWith("reverse_proxy /tracing/* UI"), base_path: "/tracing" },
  "that takes the path off": {
    config: caddyWith("handle_path /tracing/* {\nreverse_proxy UI\n}"),
    base_path: "/tracing",
  },
  "that takes the path off and says so": {
    config: caddyWith("handle_path /tracing/* {\nreverse_proxy UI {\nheader_up X-Forwarded-Prefix /tracing\n}\n}"),
  },
};

let browser: Browser;
let visitor: Visitor;
beforeAll(async () => {
  browser = await launchBrowser([`--host-resolver-rules=MAP ${NAME} 127.0.0.1`]);
  visitor = new Visitor(browser, { httpCredentials: CREDENTIALS });
});
afterAll(() => browser?.close());

let collector: Collector;
let proxy: ReverseProxy;

async function sendTrace(traceId: string): Promise<void> {
  const startTimeUnixNano = `${BigInt(Date.now()) * 1_000_000n}`;
  const span = {
    traceId,
    spanId: traceId.slice(16),
    name: "checkout",
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano,
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
  const answer = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(await answer.text()).toBe("{}");
}

/** The head of the answer to somebody elsewhere. */
async function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = "",
): Promise<IncomingMessage> {
  const asked = request({
    host: "127.0.0.1",
    port: proxy.port,
    method,
    path: `/tracing/${path}`,
    headers: { ...headers, host: NAME },
    auth: `${CREDENTIALS.username}:${CREDENTIALS.password}`,
    agent: false,
  });
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return answer;
}

function behaves(program: string | undefined, { config, base_path }: Setup): void {
  beforeAll(async () => {
    collector = await createCollector({ ui: { ...(base_path && { base_path }), allowed_hosts: [NAME] } });
    proxy = new ReverseProxy(program as string, new URL(collector.endpoints.ui as string).host, config);
    await proxy.start();
    await sendTrace(TRACE_ID);
  });
  afterAll(async () => {
    await proxy?.remove();
    await collector?.shutdown();
  });

  it("shows the pages under the path, also when they are loaded anew", async () => {
    const shown = async (page: Page): Promise<void> => {
      await page.getByRole("list", { name: "Traces" }).getByText("checkout").first().click();
      await page.waitForURL(`http://${NAME}:${proxy.port}/tracing/trace/${TRACE_ID}`);
      const row = page.locator("[data-row]").first();
      await row.waitFor();
      await page.reload();
      await row.waitFor();
    };
    await visitor.visit(`http://${NAME}:${proxy.port}/tracing/`, shown);
  });

  it("passes on live what is stored, before the stream ends", async () => {
    const stream = await ask("GET", "api/live", { accept: "text/event-stream" });
    expect(stream.headers["content-type"]).toBe("text/event-stream");
    let text = "";
    for await (const chunk of stream) {
      const sentBefore = text.includes("event: start");
      text += chunk;
      if (!sentBefore && text.includes("event: start")) await sendTrace("5b8efff798038103d269b633813fc60c");
      if (text.includes("event: trace")) break;
    }
    expect(text).toContain("5b8efff798038103d269b633813fc60c");
    stream.destroy();
  });

  it("gives nobody the authority of the collector's own machine", async () => {
    const headers = { "x-spanloom": "1", "content-type": "application/json" };
    const answer = await ask("POST", "api/ui/admin/delete", headers, '{"all": true}');
    answer.resume();
    expect(answer.statusCode).toBe(403);
    const still = await ask("GET", `api/traces/${TRACE_ID}`);
    still.resume();
    expect(still.statusCode).toBe(200);
  });
}

describeWhere(NGINX !== undefined, "nginx is missing", "an nginx before the web UI,", () => {
  describe.each(Object.entries(NGINX_SETUPS))("%s", (_, setup) => behaves(NGINX, setup));
});

describeWhere(CADDY !== undefined, "caddy is missing", "a Caddy before the web UI,", () => {
  describe.each(Object.entries(CADDY_SETUPS))("%s", (_, setup) => behaves(CADDY, setup));
});
