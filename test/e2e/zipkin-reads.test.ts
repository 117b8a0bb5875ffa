import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { intAttribute, serviceWith, spanWith, textAttribute } from "../support/otlp-spans.ts";

const NOW = Date.now();
const T0 = (NOW - 60_000) * 1000;

let collector: Collector;
let url: string;

/** What Zipkin's own server was seen to make of them: names in lower case, 64-bit ids as they are. */
const SPANS = [
  {
    traceId: "00000000000000010000000000000abc",
    id: "00000000000000a1",
    name: "Get /Cart",
    kind: "CLIENT",
    timestamp: T0,
    duration: 50_000,
    localEndpoint: { serviceName: "Front", ipv4: "1.2.3.4" },
    remoteEndpoint: { serviceName: "Cart-API", port: 80 },
    tags: { "http.method": "GET", error: "out of stock" },
    annotations: [{ timestamp: T0, value: "ws" }],
  },
  {
    traceId: "00000000000000010000000000000abc",
    id: "00000000000000a1",
    name: "get",
    kind: "SERVER",
    shared: true,
    timestamp: T0 + 1_000,
    duration: 30_000,
    localEndpoint: { serviceName: "cart-api" },
    tags: { env: "prod" },
  },
  {
    traceId: "00000000000000010000000000000abc",
    id: "00000000000000a2",
    parentId: "00000000000000a1",
    name: "sel",
    kind: "CLIENT",
    timestamp: T0 + 2_000,
    duration: 10_000,
    localEndpoint: { serviceName: "cart-api" },
    remoteEndpoint: { serviceName: "db" },
  },
  {
    traceId: "00000000000000b1",
    id: "00000000000000b1",
    name: "tick",
    timestamp: T0 + 500_000,
    duration: 5,
    localEndpoint: { serviceName: "cron" },
  },
];

beforeAll(async () => {
  collector = await createCollector({
    receivers: { zipkin: { endpoint: "127.0.0.1:0" } },
    ui: { zipkin_autocomplete_keys: ["env", "http.method", "nobody.has.it"] },
  });
  const listener = collector.endpoints.receivers.find(({ receiver }) => receiver === "zipkin");
  url = `http://${listener?.listensOn}`;
  const response = await fetch(`${url}/api/v2/spans`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(SPANS),
  });
  expect(response.status).toBe(202);
});
afterAll(() => collector?.shutdown());

async function ask(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url + path);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

interface Span {
  readonly traceId: string;
  readonly id: string;
}

async function found(query: string): Promise<string[]> {
  const { status, body } = await ask(`/api/v2/traces?${query}`);
  expect(body).toBeInstanceOf(Array);
  expect(status).toBe(200);
  return (body as Span[][]).map(([span]) => span?.traceId.slice(-3) as string);
}

describe("Zipkin's read API", () => {
  it("lists services, operations and what they call, in lower case", async () => {
    expect((await ask("/api/v2/services")).body).toEqual(["cart-api", "cron", "front"]);
    expect((await ask("/zipkin/api/v2/services")).body).toEqual(["cart-api", "cron", "front"]);
    expect((await ask("/api/v2/spans?serviceName=FRONT")).body).toEqual(["get /cart"]);
    expect((await ask("/api/v2/spans?serviceName=nobody")).body).toEqual([]);
    expect((await ask("/api/v2/spans?serviceName=")).body).toEqual([]);
    expect((await ask("/api/v2/remoteServices?serviceName=front")).body).toEqual(["cart-api"]);
    expect((await ask("/api/v2/remoteServices?serviceName=cart-api")).body).toEqual(["db"]);
  });

  it("offers the keys of the setting, with the values that are stored, and no values of other keys", async () => {
    for (const path of ["/api/v2", "/zipkin/api/v2"]) {
      expect((await ask(`${path}/autocompleteKeys`)).body).toEqual(["env", "http.method", "nobody.has.it"]);
      expect((await ask(`${path}/autocompleteValues?key=env`)).body).toEqual(["prod"]);
    }
    expect((await ask("/api/v2/autocompleteValues?key=http.method")).body).toEqual(["GET"]);
    expect((await ask("/api/v2/autocompleteValues?key=nobody.has.it")).body).toEqual([]);
    expect((await ask("/api/v2/autocompleteValues?key=error")).body).toEqual([]);
  });

  it("gives a trace with all that was sent", async () => {
    const { status, body } = await ask("/api/v2/trace/00000000000000010000000000000abc");
    expect(status).toBe(200);
    const lower = (endpoint: { serviceName: string }) => ({
      ...endpoint,
      serviceName: endpoint.serviceName.toLowerCase(),
    });
    const expected = SPANS.slice(0, 3).map((span) => ({
      ...span,
      name: span.name.toLowerCase(),
      localEndpoint: lower(span.localEndpoint),
      ...(span.remoteEndpoint === undefined ? {} : { remoteEndpoint: lower(span.remoteEndpoint) }),
    }));
    expect(body).toEqual(expected);
    expect((await ask("/api/v2/trace/b1")).body).toEqual([SPANS[3]]);
  });

  it.each([
    ["", ["0b1", "abc"]],
    ["limit=1", ["0b1"]],
    ["serviceName=front", ["abc"]],
    ["serviceName=Cart-Api&spanName=SEL", ["abc"]],
    ["serviceName=front&spanName=sel", []],
    ["spanName=all&serviceName=cron", ["0b1"]],
    ["serviceName=nobody", []],
    ["remoteServiceName=cart-api", ["abc"]],
    ["remoteServiceName=DB&serviceName=cart-api", ["abc"]],
    ["remoteServiceName=db&serviceName=front", []],
    ["annotationQuery=error", ["abc"]],
    ["annotationQuery=error%3Dout%20of%20stock", ["abc"]],
    ["annotationQuery=error%3Dbroken", []],
    ["annotationQuery=http.method%3DGET%20and%20ws", ["abc"]],
    ["annotationQuery=ws%20and%20http.method%3DPOST", []],
    ["annotationQuery=env%3Dprod", ["abc"]],
    ["annotationQuery=env&serviceName=front", []],
    ["annotationQuery=wr", []],
    ["minDuration=30000", ["abc"]],
    ["minDuration=5&maxDuration=5", ["0b1"]],
    ["minDuration=50001", []],
    ["minDuration=", ["0b1", "abc"]],
    [`endTs=${Math.ceil(T0 / 1000) + 100}`, ["abc"]],
    [`endTs=${NOW}&lookback=1000`, []],
    ["limit=1&limit=x", ["0b1"]],
  ])("finds traces by %j", async (query, ids) => {
    expect(await found(query)).toEqual(ids);
  });

  it("gives several traces by their ids, and without those that are not stored", async () => {
    const { body } = await ask("/api/v2/traceMany?traceIds=b1,00000000000000010000000000000abc,ff");
    expect((body as Span[][]).map((trace) => trace.length)).toEqual([1, 3]);
    expect((await ask("/api/v2/traceMany?traceIds=1,2")).body).toEqual([]);
  });

  it.each([
    ["/api/v2/spans", "Mandatory parameter/header/attribute is missing: serviceName"],
    ["/api/v2/remoteServices", "Mandatory parameter/header/attribute is missing: serviceName"],
    ["/api/v2/autocompleteValues", "Mandatory parameter/header/attribute is missing: key"],
    ["/api/v2/autocompleteValues?key=", "key was empty"],
    ["/api/v2/traces?limit=0", "limit <= 0"],
    ["/api/v2/traces?limit=x", 'For input string: "x"'],
    ["/api/v2/traces?limit=", "Cannot set null to primitive type parameter: limit"],
    ["/api/v2/traces?limit=99999999999", 'For input string: "99999999999"'],
    ["/api/v2/traces?endTs=0", "endTs <= 0"],
    ["/api/v2/traces?endTs=abc", 'For input string: "abc"'],
    ["/api/v2/traces?lookback=0", "lookback <= 0"],
    ["/api/v2/traces?lookback=-1", "lookback <= 0"],
    ["/api/v2/traces?minDuration=0", "minDuration <= 0"],
    ["/api/v2/traces?minDuration=1s", 'For input string: "1s"'],
    ["/api/v2/traces?maxDuration=5", "maxDuration is only valid with minDuration"],
    ["/api/v2/traces?minDuration=10&maxDuration=5", "maxDuration < minDuration"],
    ["/api/v2/trace/B1", "B1 should be lower-hex encoded with no prefix"],
    ["/api/v2/trace/xyz", "xyz should be lower-hex encoded with no prefix"],
    [`/api/v2/trace/${"1".repeat(33)}`, "traceId.length > 32"],
    ["/api/v2/traceMany", "Mandatory parameter/header/attribute is missing: traceIds"],
    ["/api/v2/traceMany?traceIds=", "traceIds parameter is empty"],
    ["/api/v2/traceMany?traceIds=b1", "Use /api/v2/trace/{traceId} endpoint to retrieve a single trace"],
    ["/api/v2/traceMany?traceIds=b1,xyz", "xyz should be lower-hex encoded with no prefix"],
    ["/api/v2/traceMany?traceIds=b1,b1", "redundant traceId: b1"],
    ["/api/v2/dependencies", "Mandatory parameter/header/attribute is missing: endTs"],
    ["/api/v2/dependencies?endTs=x", 'For input string: "x"'],
    ["/api/v2/dependencies?endTs=0", "endTs <= 0"],
    [`/api/v2/dependencies?endTs=${NOW}&lookback=0`, "lookback <= 0"],
    [`/api/v2/dependencies?endTs=${NOW}&lookback=x`, 'For input string: "x"'],
  ])("%s is refused as Zipkin refuses it", async (path, message) => {
    expect(await ask(path)).toEqual({ status: 400, body: message });
  });

  it("has 404 for what is not there, and does not answer pages of other sites", async () => {
    expect(await ask("/api/v2/trace/abc")).toEqual({ status: 404, body: "0000000000000abc not found" });
    expect(await ask("/api/v2/nope")).toEqual({ status: 404, body: "404 Not Found" });
    const foreign = await fetch(`${url}/api/v2/services`, { headers: { "sec-fetch-site": "cross-site" } });
    expect(foreign.status).toBe(403);
  });

  it("says who calls whom", async () => {
    const start = BigInt(T0) * 1000n;
    const times = { startTimeUnixNano: start, endTimeUnixNano: start + 9n, traceId: "d".repeat(32) };
    const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: encodeTraces([
        serviceWith("Web", [spanWith({ ...times, kind: 3, spanId: "1".repeat(16) })]),
        serviceWith("store", [
          spanWith({
            ...times,
            spanId: "2".repeat(16),
            parentSpanId: "1".repeat(16),
            status: { code: 2, message: "" },
            attributes: [textAttribute("a", "b"), intAttribute("c", 1n)],
          }),
        ]),
      ]),
    });
    expect(response.status).toBe(200);
    await expect
      .poll(async () => (await ask(`/api/v2/dependencies?endTs=${NOW}`)).body, { timeout: 20_000 })
      .toContainEqual({ parent: "web", child: "store", callCount: 1, errorCount: 1 });
  });

  it("tells Zipkin's UI what it has, and a health check that all is well", async () => {
    for (const path of ["/zipkin/config.json", "/config.json"]) {
      expect((await ask(path)).body).toMatchObject({ searchEnabled: true, dependency: { enabled: true } });
    }
    expect(await ask("/health")).toMatchObject({ status: 200, body: { status: "UP" } });
  });
});
