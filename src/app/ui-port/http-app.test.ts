import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RetryableError } from "../../component/errors.ts";
import { AnswerBounds } from "../../query/answer-bounds.ts";
import { createHttpApp } from "./http-app.ts";
import { createPages } from "./web-files.ts";

const SECRET = "nobody may read this";
let folder: string;
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "http-app-"));
  const webRoot = join(folder, "web");
  mkdirSync(join(webRoot, "assets", "inner"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), SECRET);
  writeFileSync(join(webRoot, ".hidden"), SECRET);
  writeFileSync(join(webRoot, "index.html"), '<base href="/"><title>the page</title>');
  writeFileSync(join(webRoot, "icon.svg"), "<svg/>");
  writeFileSync(join(webRoot, "assets", "app.js"), "export {}");
  const app = createHttpApp({
    closing: new AbortController().signal,
    bounds: new AnswerBounds(),
    viewHost: { view: () => Promise.reject(new RetryableError("overloaded", "no views here")) },
    basePath: "/traces",
    besideForeign: false,
    mcp: undefined,
    allowedHosts: ["tracing.example"],
    control: (request, response) => response.end(`control ${request.method} ${request.url}`),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    loadPages: async () => createPages("/traces", webRoot),
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Sends the path as it is: fetch would tidy it up. */
function ask(path: string, headers: Record<string, string> = {}, method = "GET", body?: string): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, body: text });
        asked.destroy();
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** The path that a browser has for the base of a page that it asked for at `path`. */
function baseFrom(path: string, body: string): string {
  const href = /<base href="([^"]*)">/.exec(body)?.[1] ?? "none";
  return new URL(href, `http://localhost${path}`).pathname;
}

describe("health", () => {
  it("is told with and without the base path: probes know nothing of it", async () => {
    for (const path of ["/healthz", "/readyz", "/traces/healthz", "/traces/readyz"]) {
      const below = path.replace("/traces", "");
      expect(await ask(path), path).toMatchObject({ status: 200, body: `control GET ${below}` });
    }
  });
});

describe("what the control application knows", () => {
  it.each([
    ["GET", "/metrics"],
    ["GET", "/api/ui/status?x=1"],
    ["POST", "/api/ui/admin/compact"],
    ["GET", "/api/registry"],
    ["PUT", "/api/registry/instances/a%2Fb/heartbeat"],
  ])("is asked of it, with the base path or where a proxy took that off: %s %s", async (method, path) => {
    expect((await ask(`/traces${path}`, {}, method)).body).toBe(`control ${method} ${path}`);
    expect((await ask(path, {}, method)).body).toBe(`control ${method} ${path}`);
  });

  it("is not asked of it by pages of other origins, where it changes something", async () => {
    const headers = { "sec-fetch-site": "cross-site" };
    expect((await ask("/traces/api/ui/admin/delete", headers, "POST")).status).toBe(403);
    expect((await ask("/traces/api/ui/administrators")).status).toBe(404);
  });
});

describe("what is served", () => {
  it("is nothing outside the folder of the web UI, and no hidden file", async () => {
    const climbs = [
      "../",
      "..%2f",
      "%2e%2e/",
      "%2e%2e%2f",
      "..%5c",
      "..\\",
      "....//",
      "%252e%252e%252f",
      "./../",
      "inner/../../../",
    ];
    for (const climb of climbs) {
      for (const prefix of ["/traces/", "/traces/assets/", "/"]) {
        for (const depth of [1, 2, 3]) {
          const path = `${prefix}${climb.repeat(depth)}secret.txt`;
          expect((await ask(path)).body, path).not.toContain(SECRET);
        }
      }
    }
    expect((await ask("/traces/.hidden")).body).not.toContain(SECRET);
    expect((await ask("/traces/assets/%00")).status).toBe(404);
    expect((await ask(`/traces/${folder}/secret.txt`)).body).not.toContain(SECRET);
  });

  it("is the page for every path of the application, with the base it is served under", async () => {
    for (const path of ["/traces/", "/traces/trace/0af7", "/traces/index.html"]) {
      const { status, body, headers } = await ask(path);
      expect([path, status, baseFrom(path, body)]).toEqual([path, 200, "/traces/"]);
      expect(body).toContain("<title>the page</title>");
      expect(headers["cache-control"]).toBe("no-cache");
    }
  });

  it("is the page without a redirect where a proxy took the base path off", async () => {
    for (const path of ["/", "/trace/0af7", "/trace/0af7/", "/search?lookback=1h"]) {
      const { status, body } = await ask(path);
      // Also one that takes off more than it was told of, and says nothing.
      for (const taken of ["/traces", "/deep/jaeger", ""]) {
        expect([path, status, baseFrom(taken + path, body)]).toEqual([path, 200, `${taken}/`]);
      }
    }
    expect((await ask("/assets/app.js")).body).toBe("export {}");
  });

  it("is the page with the base that a proxy says it took off", async () => {
    const prefixed = await ask("/trace/0af7", { "x-forwarded-prefix": "/deep/jaeger" });
    expect(prefixed.body).toContain('<base href="/deep/jaeger/">');
    expect(prefixed.headers.link).toContain("</deep/jaeger/api/ui/traces/");
    expect(prefixed.headers.vary).toContain("x-forwarded-prefix");
    for (const prefix of ["//evil.example", "https://evil.example", '/"><script>', "/a b"]) {
      expect((await ask("/", { "x-forwarded-prefix": prefix })).body, prefix).toContain('<base href="./">');
    }
  });

  it("is the page of a trace with the request for the trace ahead of the scripts", async () => {
    const { headers } = await ask("/traces/trace/0AF7");
    const columns = `../api/ui/traces/${"0af7".padStart(32, "0")}/columns`;
    expect(headers.link).toBe(`<${columns}>; rel=preload; as=fetch; crossorigin=anonymous`);
    for (const path of ["/traces/search", "/traces/trace/0af7...1b", "/traces/trace/x%3E"]) {
      expect((await ask(path)).headers.link, path).toBeUndefined();
    }
  });

  it("is scripts compressed for who takes that", async () => {
    const plain = await ask("/traces/assets/app.js");
    const { port } = server.address() as AddressInfo;
    const packed = await fetch(`http://127.0.0.1:${port}/traces/assets/app.js`, {
      headers: { "accept-encoding": "gzip" },
    });
    expect([plain.headers["content-encoding"], plain.headers.vary]).toEqual([undefined, "accept-encoding"]);
    for (const name of ["content-encoding", "vary", "cache-control", "content-type"]) {
      expect(packed.headers.get(name), name).toBe(
        name === "content-encoding" ? "gzip" : (plain.headers[name] as string),
      );
    }
    expect(await packed.text()).toBe(plain.body);
  });

  it("is assets for ever, and 404 for one that is not there", async () => {
    const { headers, body } = await ask("/traces/assets/app.js");
    expect([body, headers["cache-control"]]).toEqual(["export {}", "public, max-age=31536000, immutable"]);
    const missing = await ask("/traces/assets/old.js");
    expect(missing.body).toBe("nothing at /traces/assets/old.js\n");
    expect(missing.status).toBe(404);
    expect(missing.headers["cache-control"]).toBeUndefined();
  });
});

describe("every answer", () => {
  it.each([
    "/traces/",
    "/traces/icon.svg",
    "/traces/assets/app.js",
    "/traces/api/ui/status",
    "/traces/api/x",
    "/traces/metrics",
    "/y",
  ])("forbids other sites to use it: %s", async (path) => {
    const { headers } = await ask(path, { origin: "https://a.example" });
    expect(headers["content-security-policy"]).toContain("default-src 'self'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    expect(headers["x-powered-by"]).toBeUndefined();
  });

  it("goes only to names that are served", async () => {
    const refused = await ask("/traces/api/ui/status", { host: "evil.example" });
    expect(refused.status).toBe(421);
    expect(refused.headers["content-security-policy"]).toContain("default-src 'self'");
    expect(refused.headers["x-content-type-options"]).toBe("nosniff");
    expect((await ask("/traces/api/ui/status", { host: "tracing.example:8080" })).status).toBe(200);
  });
});

describe("requests that change something", () => {
  it("are refused from pages of other origins, before any route", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) {
      const { status, body } = await ask("/traces/api/anything", { "sec-fetch-site": "same-site" }, method);
      expect(status).toBe(403);
      expect(JSON.parse(body).errors[0]).toEqual({
        code: 403,
        msg: `a same-site page may not send ${method} requests here`,
      });
    }
    expect((await ask("/traces/api/anything", {}, "POST")).status).toBe(404);
  });

  it.each(["/traces/api/traces?service=a", "/traces/api/ui/traces?limit=9", "/traces/api/services"])(
    "of a foreign site's page are not done, not even %s",
    async (path) => {
      const image = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" };
      expect((await ask(path, image)).status).toBe(403);
      for (const site of ["same-origin", "same-site", "none"]) {
        expect((await ask(path, { "sec-fetch-site": site })).status).not.toBe(403);
      }
    },
  );

  it("of a foreign site's page have nothing transformed", async () => {
    const { status } = await ask("/traces/api/transform", { "sec-fetch-site": "cross-site" }, "POST", "{}");
    expect(status).toBe(403);
  });

  it("leave transform to everybody, which changes nothing", async () => {
    const { status } = await ask("/traces/api/transform", { origin: "https://a.example" }, "POST", "{}");
    expect(status).toBe(429);
  });

  it("have bounded bodies", async () => {
    const { status } = await ask("/traces/api/transform", {}, "POST", " ".repeat(65 * 1024 * 1024));
    expect(status).toBe(413);
  });
});
