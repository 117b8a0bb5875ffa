import { describe, expect, it } from "vitest";
import {
  type Echoed,
  echoHeaders,
  RawConnection,
  startProxy,
  startUpstream,
  sumOf,
  values,
} from "../../test/support/proxy/rig.ts";
import type { ProxyConfigInput } from "./proxy-config.ts";

async function rig(config: Omit<ProxyConfigInput, "routes"> & { route?: object } = {}) {
  const seen: string[] = [];
  const upstream = await startUpstream((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    echoHeaders(request, response);
  });
  const { route = {}, ...rest } = config;
  const proxy = await startProxy({ ...rest, routes: [{ prefix: "/", upstream: upstream.url, ...route }] });
  const send = async (request: string): Promise<string> => new RawConnection(proxy.port).send(request).closed();
  return { seen, upstream, proxy, send };
}

function echoedIn(answer: string): Echoed {
  const json = /\{.*\}/s.exec(answer)?.[0] as string;
  return JSON.parse(json) as Echoed;
}

describe("what is refused before any upstream sees it", () => {
  const POST = "POST / HTTP/1.1\r\nHost: localhost\r\n";
  it.each([
    ["a length and chunks", `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ["chunks and a length", `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`, 400],
    ["two lengths", `${POST}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`, 400],
    ["the same length twice", `${POST}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`, 400],
    ["a list of lengths", `${POST}Content-Length: 1, 1\r\n\r\na`, 400],
    ["a signed length", `${POST}Content-Length: +1\r\n\r\na`, 400],
    ["chunked that is not last", `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, 400],
    ["another coding", `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
    ["a disguised coding", `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 501],
    ["white space before a colon", `${POST}Content-Length : 1\r\n\r\na`, 400],
    ["a folded header", `${POST}X-A: 1\r\n b\r\n\r\n`, 400],
    ["a bare line feed in a header", `${POST}X-A: 1\nX-B: 2\r\n\r\n`, 400],
    ["a bare carriage return", `${POST}X-A: 1\rX-B: 2\r\n\r\n`, 400],
    ["a bad chunk size", `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`, 400],
    ["two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400],
    ["no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["a host with a path", "GET / HTTP/1.1\r\nHost: localhost/x\r\nConnection: close\r\n\r\n", 400],
    ["a foreign host", "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421],
    ["an absolute URL", "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400],
    ["CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", 405],
    ["an asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400],
    ["dot segments", "GET /a/../b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400],
    ["escaped dot segments", "GET /a/%2e%2E/b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400],
    ["an escaped slash after dots", "GET /a/..%2fb HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400],
    ["headers beyond the limit", `GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ${"a".repeat(40_000)}\r\n\r\n`, 431],
  ])("%s", async (_what, request, status) => {
    const { seen, send } = await rig();
    const answer = await send(
      request.includes("Connection:") ? request : request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
    );
    const answers = answer.match(/HTTP\/1\.1 \d{3}/g) ?? [];
    expect(answers[0]).toBe(`HTTP/1.1 ${status}`);
    // A chunk that turns out bad in the middle of a body may have opened the request. It must not have completed one.
    expect(seen.filter((line) => !line.startsWith("POST /"))).toEqual([]);
    expect(answers.filter((line) => line.endsWith("200"))).toEqual([]);
  });

  it("counts by reason", async () => {
    const { proxy, send } = await rig();
    await send("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    expect(sumOf(proxy.metrics, "spanloom_proxy_refused_total", { reason: "host" })).toBe(1);
  });

  it("paths that no route takes", async () => {
    const { proxy, seen } = await rig({ route: { prefix: "/shop" } });
    for (const path of ["/", "/shopping", "/sho", "/SHOP"]) {
      const answer = await fetch(`${proxy.url}${path}`);
      expect([answer.status, await answer.text()]).toEqual([404, `404 Not Found: no route takes ${path}\n`]);
    }
    expect(seen).toEqual([]);
  });

  it("requests that come back to the proxy", async () => {
    const first = await startProxy({ routes: [{ upstream: "http://127.0.0.1:1" }] });
    const port = first.port;
    await first.stop();
    const proxy = await startProxy({
      endpoint: `127.0.0.1:${port}`,
      routes: [{ upstream: `http://127.0.0.1:${port}` }],
    });
    const answer = await fetch(proxy.url);
    expect([answer.status, await answer.text()]).toEqual([508, expect.stringContaining("a route leads to itself")]);
  });
});

describe("headers", () => {
  it("of one connection stay on it, those that Connection lists too", async () => {
    const { send } = await rig();
    const request = [
      "GET /x HTTP/1.1",
      "Host: localhost:1234",
      "Connection: close, X-Secret, content-length, host",
      "X-Secret: 1",
      "Keep-Alive: timeout=5",
      "Proxy-Authorization: Basic eA==",
      "Proxy-Connection: keep-alive",
      "TE: gzip, trailers",
      "X-Kept: a",
      "X-Kept: b",
      "Cookie: a=1",
    ].join("\r\n");
    const echoed = echoedIn(await send(`${request}\r\n\r\n`));
    const names = echoed.headers.map(([name]) => name.toLowerCase());
    for (const gone of ["x-secret", "keep-alive", "proxy-authorization", "proxy-connection"])
      expect(names).not.toContain(gone);
    expect(values(echoed, "connection")).toEqual(["keep-alive, te"]);
    expect(values(echoed, "te")).toEqual(["trailers"]);
    expect(values(echoed, "x-kept")).toEqual(["a", "b"]);
    expect(values(echoed, "cookie")).toEqual(["a=1"]);
    expect(values(echoed, "via")[0]).toMatch(/^1\.1 spanloom-[0-9a-f]{8}$/);
  });

  it("of an answer too, and repeated ones stay repeated", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, "Fine", [
        ...["Connection", "keep-alive, X-Hop", "X-Hop", "1", "Proxy-Authenticate", "Basic"],
        ...["Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-Kept", "1"],
      ]);
      response.end("ok");
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await fetch(proxy.url);
    expect(answer.statusText).toBe("Fine");
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(answer.headers.get("x-kept")).toBe("1");
    expect([answer.headers.get("x-hop"), answer.headers.get("proxy-authenticate")]).toEqual([null, null]);
  });

  const claimed = {
    forwarded: "for=6.6.6.6",
    "x-forwarded-for": "6.6.6.6",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-real-ip": "6.6.6.6",
  };

  it("that say where a request came from are the proxy's own", async () => {
    const { proxy } = await rig();
    const echoed = (await (await fetch(proxy.url, { headers: claimed })).json()) as Echoed;
    expect(values(echoed, "forwarded")).toEqual([`for=127.0.0.1;host="127.0.0.1:${proxy.port}";proto=http`]);
    expect(values(echoed, "x-forwarded-for")).toEqual(["127.0.0.1"]);
    expect(values(echoed, "x-forwarded-host")).toEqual([`127.0.0.1:${proxy.port}`]);
    expect(values(echoed, "x-forwarded-proto")).toEqual(["http"]);
    expect(values(echoed, "x-forwarded-port")).toEqual([String(proxy.port)]);
    expect(values(echoed, "x-real-ip")).toEqual([]);
  });

  it.each([["all"], [["127.0.0.0/8"]], [["127.0.0.1"]]])(
    "are added to for a caller that is trusted: %s",
    async (trust) => {
      const { proxy } = await rig({ trust_forwarded: trust as "all" });
      const echoed = (await (await fetch(proxy.url, { headers: claimed })).json()) as Echoed;
      expect(values(echoed, "x-forwarded-for")).toEqual(["6.6.6.6, 127.0.0.1"]);
      expect(values(echoed, "forwarded")[0]).toMatch(/^for=6\.6\.6\.6, for=127\.0\.0\.1;/);
      expect(values(echoed, "x-forwarded-host")).toEqual(["evil.example"]);
      expect(values(echoed, "x-real-ip")).toEqual(["6.6.6.6"]);
    },
  );

  it("are not believed from elsewhere", async () => {
    const { proxy } = await rig({ trust_forwarded: ["10.0.0.0/8"] });
    const echoed = (await (await fetch(proxy.url, { headers: claimed })).json()) as Echoed;
    expect(values(echoed, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  });

  it("give the upstream its own Host, or the caller's where asked for", async () => {
    const { proxy, upstream } = await rig();
    const own = (await (await fetch(proxy.url)).json()) as Echoed;
    expect(values(own, "host")).toEqual([`127.0.0.1:${upstream.port}`]);
    const kept = await rig({ route: { preserve_host: true } });
    const echoed = (await (await fetch(kept.proxy.url)).json()) as Echoed;
    expect(values(echoed, "host")).toEqual([`127.0.0.1:${kept.proxy.port}`]);
  });
});

describe("routes", () => {
  it("take whole segments, the longest prefix first, and can take the prefix off", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({
      routes: [
        { prefix: "/", upstream: `${upstream.url}/base` },
        { prefix: "/api", upstream: `${upstream.url}/api-base/`, strip_prefix: true },
        { prefix: "/api/v2/", upstream: upstream.url, strip_prefix: true },
      ],
    });
    const urlOf = async (path: string) => ((await (await fetch(`${proxy.url}${path}`)).json()) as Echoed).url;
    expect(await urlOf("/apis?x=/api")).toBe("/base/apis?x=/api");
    expect(await urlOf("/api")).toBe("/api-base/");
    expect(await urlOf("/api/a%2fb?q")).toBe("/api-base/a%2fb?q");
    expect(await urlOf("/api/v2/x")).toBe("/x");
    expect(await urlOf("//double")).toBe("/base//double");
  });

  it("are chosen by host name, exact before wildcard before any", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({
      allowed_hosts: ["other.org"],
      routes: [
        { upstream: `${upstream.url}/any` },
        { host: "*.shop.org", upstream: `${upstream.url}/wild` },
        { host: "www.shop.org", upstream: `${upstream.url}/www` },
      ],
    });
    const urlOf = async (host: string) => {
      const answer = await new RawConnection(proxy.port)
        .send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
        .closed();
      return answer.includes(" 200 ") ? echoedIn(answer).url : answer.slice(9, 12);
    };
    expect(await urlOf("WWW.shop.org:80")).toBe("/www/");
    expect(await urlOf("a.b.shop.org")).toBe("/wild/");
    expect(await urlOf("other.org")).toBe("/any/");
    expect(await urlOf("shop.org")).toBe("421");
  });
});

describe("the protocol of a careless caller", () => {
  it("HTTP/1.0 is answered without chunks", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.write("a");
      response.end("b");
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await new RawConnection(proxy.port).send("GET / HTTP/1.0\r\n\r\n").closed();
    expect(answer).toMatch(/\r\n\r\nab$/);
  });

  it("an upgrade that nobody here knows is ignored", async () => {
    const { send } = await rig();
    const answer = await send(
      "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    );
    const echoed = echoedIn(answer);
    expect(echoed.url).toBe("/x");
    expect(values(echoed, "http2-settings")).toEqual([]);
  });

  it("several requests in one go are answered in order", async () => {
    const { proxy } = await rig();
    const get = (path: string, last = "") => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${last}\r\n`;
    const answer = await new RawConnection(proxy.port)
      .send(get("/1") + get("/2") + get("/3", "Connection: close\r\n"))
      .closed();
    expect([...answer.matchAll(/"url":"(\/\d)"/g)].map(([, url]) => url)).toEqual(["/1", "/2", "/3"]);
  });
});
