import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";

/** A page with the places that Jaeger UI's own has for what its server writes there. */
const JAEGER_INDEX = `<!doctype html>
<html><head><base href="/" data-inject-target="BASE_URL" />
<script>
  // Replaced by a script of the user's.
  // JAEGER_CONFIG_JS
  // the line above goes
  function getJaegerUiConfig() {
    if (typeof window.UIConfig === 'function') return UIConfig();
    const DEFAULT_CONFIG = null;
    const JAEGER_CONFIG = DEFAULT_CONFIG;
    return JAEGER_CONFIG;
  }
  function getJaegerStorageCapabilities() {
    const DEFAULT_STORAGE_CAPABILITIES = { "archiveStorage": true };
    const JAEGER_STORAGE_CAPABILITIES = DEFAULT_STORAGE_CAPABILITIES;
    return JAEGER_STORAGE_CAPABILITIES;
  }
  function getJaegerVersion() {
    const DEFAULT_VERSION = {};
    const JAEGER_VERSION = DEFAULT_VERSION;
    return JAEGER_VERSION;
  }
</script>
<script type="module" crossorigin src="./static/index-1.js"></script></head><body><div id="jaeger-ui-root"></div></body></html>`;
const LENS_INDEX = `<html><head><base href="/zipkin/" ><script type="module" src="/zipkin/static/js/a.js"></script></head></html>`;

let folder: string;
const started: Collector[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "foreign-uis-"));
  for (const [name, index] of [
    ["jaeger", JAEGER_INDEX],
    ["lens", LENS_INDEX],
  ] as const) {
    mkdirSync(join(folder, name, "static", "js"), { recursive: true });
    writeFileSync(join(folder, name, "index.html"), index);
    writeFileSync(join(folder, name, "static", "index-1.js"), "export const is = 'jaeger';");
    writeFileSync(join(folder, name, "static", "js", "a.js"), "export const is = 'lens';");
    writeFileSync(join(folder, name, "favicon.ico"), name);
  }
  mkdirSync(join(folder, "empty"));
  writeFileSync(join(folder, "ui.json"), JSON.stringify({ menu: [{ label: "</script><b>" }], archiveEnabled: false }));
  writeFileSync(join(folder, "ui.js"), "function UIConfig() { return { tracking: null }; }");
  writeFileSync(join(folder, "broken.json"), "{");
});
afterAll(async () => {
  for (const collector of started) await collector.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

async function start(ui: NonNullable<Parameters<typeof createCollector>[0]>["ui"] & object): Promise<Collector> {
  const collector = await createCollector({ ui, receivers: { zipkin: { endpoint: "127.0.0.1:0" } } });
  started.push(collector);
  return collector;
}

/** What the page's functions give, run as a browser runs its first script. */
function runPage(html: string): { config: unknown; capabilities: unknown; version: unknown; base: string | undefined } {
  const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? "";
  const names =
    "config: getJaegerUiConfig(), capabilities: getJaegerStorageCapabilities(), version: getJaegerVersion()";
  const run = new Function(
    "window",
    `${script}; if (typeof UIConfig === "function") window.UIConfig = UIConfig; return { ${names} };`,
  ) as (window: object) => { config: unknown; capabilities: unknown; version: unknown };
  return { ...run({}), base: /<base href="([^"]*)"/.exec(html)?.[1] };
}

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { redirect: "manual", headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe("Jaeger UI in the place of our own", () => {
  let ui: string;
  beforeAll(async () => {
    const assets_path = join(folder, "jaeger");
    ui = (await start({ assets_path, config_file: join(folder, "ui.json") })).endpoints.ui;
  });

  it("is the page of every path of its own, with config, capabilities and version", async () => {
    for (const path of ["", "search", "trace/1", "index.html", "dependencies?x=1"]) {
      const { status, text, headers } = await get(ui + path);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toContain("text/html");
      const { base = "", ...told } = runPage(text);
      expect(new URL(base, ui + path).href).toBe(ui);
      expect(told).toMatchObject({
        config: { menu: [{ label: "</script><b>" }], archiveEnabled: false },
        capabilities: { archiveStorage: false, metricsStorage: true },
        version: { gitVersion: expect.stringMatching(/^spanloom \d/) },
      });
    }
  });

  it("has its files, and a 404 for those that are not there", async () => {
    const script = await get(`${ui}static/index-1.js`);
    expect(script.text).toContain("jaeger");
    expect(script.headers.get("cache-control")).toContain("immutable");
    expect((await get(`${ui}static/nothing.js`)).status).toBe(404);
    expect((await get(`${ui}favicon.ico`)).text).toBe("jaeger");
    expect((await get(`${ui}static/..%2f..%2fui.json`)).status).not.toBe(200);
  });

  it("may run the script that stands in its page, and no other that does", async () => {
    const { headers, text } = await get(ui);
    const policy = headers.get("content-security-policy") ?? "";
    const script = /<script>([\s\S]*?)<\/script>/.exec(text)?.[1] as string;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script));
    expect(policy).toContain(`script-src 'self' 'sha256-${Buffer.from(digest).toString("base64")}';`);
  });

  it("leaves the APIs where they are, and our own pages and their API at /spanloom/", async () => {
    expect((await get(`${ui}api/services`)).status).toBe(200);
    expect((await get(`${ui}api/v3/services`)).text).toBe('{"services":[]}');
    expect((await get(`${ui}metrics`)).text).toContain("spanloom_build_info");
    const own = await get(`${ui}spanloom/search`);
    expect(own.text).toContain('<base href="./"');
    expect((await get(`${ui}spanloom/api/ui/services`)).text).toBe('{"services":[]}');
    expect((await get(`${ui}spanloom/api/nothing`)).status).toBe(404);
  });

  it("stands at the base path, or where a reverse proxy says", async () => {
    const collector = await start({ assets_path: join(folder, "jaeger"), base_path: "/tracing" });
    const { ui: url } = collector.endpoints;
    const at = async (page: string) => new URL(runPage((await get(page)).text).base ?? "", page).href;
    expect(runPage((await get(`${url}search`)).text).config).toBeNull();
    for (const path of ["", "search", "trace/1", "trace/1?uiFind=a/b"]) expect(await at(url + path)).toBe(url);
    // As behind a proxy that takes the base path off, or any other, without a word.
    const bare = url.replace("/tracing/", "/");
    for (const path of ["", "search", "trace/1"]) expect(await at(bare + path)).toBe(bare);
    const forwarded = { "x-forwarded-prefix": "/a/b" };
    expect(runPage((await get(url, forwarded)).text).base).toBe("/a/b/");
    expect((await get(`${url}spanloom/`, forwarded)).text).toContain('<base href="/a/b/spanloom/"');
    expect((await get(`${url}spanloom/api/ui/services`)).status).toBe(200);
  });

  it("finds its base by itself where its page does so", async () => {
    const script = `<script>document.write('<base href="' + location.pathname + '" />');</script>`;
    mkdirSync(join(folder, "newer"));
    writeFileSync(join(folder, "newer", "index.html"), script);
    const collector = await start({ assets_path: join(folder, "newer"), base_path: "/tracing" });
    expect((await get(`${collector.endpoints.ui}search`)).text).toBe(script);
  });

  it("takes its config from a script, too", async () => {
    const collector = await start({ assets_path: join(folder, "jaeger"), config_file: join(folder, "ui.js") });
    expect(runPage((await get(collector.endpoints.ui)).text).config).toEqual({ tracking: null });
  });

  it.each([
    [{ assets_path: "empty" }, "ui.assets_path: cannot read"],
    [{ assets_path: "jaeger", config_file: "none.json" }, "ui.config_file: cannot read"],
    [{ assets_path: "jaeger", config_file: "broken.json" }, "is no JSON"],
    [{ zipkin_assets_path: "none" }, "ui.zipkin_assets_path: cannot read"],
  ])("%j keeps the collector from starting, with the setting's name", async (settings, message) => {
    const paths = Object.fromEntries(Object.entries(settings).map(([name, path]) => [name, join(folder, path)]));
    await expect(createCollector({ ui: paths })).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining(message),
    });
  });
});

describe("Zipkin's UI on Zipkin's port", () => {
  it("is at /zipkin/, beside the API and what it asks of itself", async () => {
    const collector = await start({ zipkin_assets_path: join(folder, "lens") });
    const url = `http://${collector.endpoints.receivers.find(({ receiver }) => receiver === "zipkin")?.listensOn}`;
    for (const path of ["/", "/zipkin"]) {
      const { status, headers } = await get(url + path);
      expect([status, headers.get("location")]).toEqual([302, "/zipkin/"]);
    }
    for (const path of ["/zipkin/", "/zipkin/index.html", "/zipkin/traces/1", "/zipkin/dependency"]) {
      const { status, text, headers } = await get(url + path);
      expect([status, text]).toEqual([200, LENS_INDEX]);
      expect(headers.get("content-security-policy")).toContain("script-src 'self';");
    }
    expect((await get(`${url}/zipkin/static/js/a.js`)).text).toContain("lens");
    expect((await get(`${url}/zipkin/static/js/b.js`)).status).toBe(404);
    expect((await get(`${url}/favicon.ico`)).headers.get("location")).toBe("/zipkin/favicon.ico");
    expect((await get(`${url}/zipkin/config.json`)).text).toContain("searchEnabled");
    expect((await get(`${url}/zipkin/api/v2/services`)).text).toBe("[]");
    expect((await get(`${url}/zipkin/api/v2/nothing`)).status).toBe(404);
    expect((await get(`${url}/zipkin/`, { "sec-fetch-site": "cross-site" })).status).toBe(200);
  });
});
