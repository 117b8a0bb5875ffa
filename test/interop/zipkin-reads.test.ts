import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { eventually } from "../support/eventually.ts";
import { describeWhere } from "../support/requires.ts";
import { ServerProgram } from "./processes.ts";
import { zipkinJar } from "./tools.ts";

const jar = zipkinJar();
const NOW = Date.now();
const T0 = (NOW - 600_000) * 1000;

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind?: string;
  readonly [field: string]: unknown;
}

// The same spans are sent to a real Zipkin server and to this collector, and both are asked the same.
describeWhere(jar !== undefined, "Java, Maven or Zipkin is missing", "what Zipkin answers readers", () => {
  let zipkin: ServerProgram;
  let collector: Collector;
  let theirs: string;
  let ours: string;

  beforeAll(async () => {
    zipkin = new ServerProgram({
      path: "java",
      args: () => ["-Xmx512m", "-jar", jar as string],
      env: ([port]) => ({ QUERY_PORT: String(port), SERVER_PORT: String(port), STORAGE_TYPE: "mem" }),
      ready: async ([port]) => (await fetch(`http://127.0.0.1:${port}/health`)).ok,
    });
    await zipkin.start();
    theirs = `http://127.0.0.1:${zipkin.port()}`;
    collector = await createCollector({ receivers: { zipkin: { endpoint: "127.0.0.1:0" } } });
    ours = `http://${collector.endpoints.receivers.find(({ receiver }) => receiver === "zipkin")?.listensOn}`;
    for (const url of [theirs, ours]) {
      const response = await fetch(`${url}/api/v2/spans`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(shop()),
      });
      expect(response.status).toBe(202);
    }
  });

  afterAll(async () => {
    await collector?.shutdown();
    await zipkin?.stop();
  });

  async function ask(url: string, path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(url + path);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, body: isJson ? inOrder(JSON.parse(text)) : text };
  }

  async function expectSame(path: string): Promise<void> {
    const [expected, answer] = await Promise.all([ask(theirs, path), ask(ours, path)]);
    expect(answer, path).toEqual(expected);
  }

  it("is answered here: names, traces and searches", async () => {
    await expectSame("/api/v2/services");
    for (const service of ["front", "CART", "stock", "nobody", ""]) {
      await expectSame(`/api/v2/spans?serviceName=${service}`);
      await expectSame(`/api/v2/remoteServices?serviceName=${service}`);
    }
    const ids = [...new Set(shop().map(({ traceId }) => traceId))];
    for (const id of ids) await expectSame(`/api/v2/trace/${id}`);
    await expectSame(`/api/v2/traceMany?traceIds=${ids.slice(0, 5).join(",")},ff`);
    for (const query of SEARCHES) await expectSame(`/api/v2/traces?limit=100&${query}`);
    // Both give the newest first.
    for (const query of ["limit=3", "", `limit=2&endTs=${T0 / 1000 + 3000}`])
      await expectSame(`/api/v2/traces?${query}`);
  });

  it("is refused here: what is missing, of the wrong type or out of range", async () => {
    for (const path of WRONG) await expectSame(path);
  });

  it("has the same services call each other", async () => {
    const path = `/api/v2/dependencies?endTs=${NOW}`;
    const expected = (await ask(theirs, path)).body as { parent: string; child: string }[];
    const instrumented = expected.filter(({ child }) => ["front", "cart", "stock"].includes(child));
    await eventually("the same calls", async () => {
      const { body } = await ask(ours, path);
      const links = (body as { parent: string; child: string }[]).sort((a, b) => (a.child < b.child ? -1 : 1));
      return JSON.stringify(links) === JSON.stringify(instrumented.sort((a, b) => (a.child < b.child ? -1 : 1)));
    });
  });
});

/** Spans and traces have no order in what Zipkin promises; lists of names do. */
function inOrder(json: unknown): unknown {
  if (!Array.isArray(json)) return json;
  const isSpan = (item: unknown): item is ZipkinSpan => typeof item === "object" && item !== null && "traceId" in item;
  if (json.every(isSpan)) {
    const key = ({ id, kind, timestamp }: ZipkinSpan) => `${id} ${kind} ${timestamp}`;
    return json.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }
  return json.map(inOrder);
}

const SEARCHES = [
  "serviceName=front",
  "serviceName=FRONT&spanName=GET%20/cart",
  "serviceName=cart&remoteServiceName=stock",
  "remoteServiceName=db",
  "spanName=query",
  "spanName=nothing",
  "annotationQuery=error",
  "annotationQuery=error%3D500",
  "annotationQuery=http.path",
  "annotationQuery=http.path%3D/cart/3",
  "annotationQuery=http.path%3D/cart/3%20and%20http.method%3DGET",
  "annotationQuery=cache.miss",
  "annotationQuery=cache.miss%20and%20http.path",
  "serviceName=stock&annotationQuery=error",
  "minDuration=20000",
  "minDuration=1500&maxDuration=1900",
  "serviceName=stock&minDuration=2000",
  `endTs=${T0 / 1000 + 5000}&lookback=2000`,
  `endTs=${NOW}&lookback=1`,
];

const WRONG = [
  "/api/v2/spans",
  "/api/v2/remoteServices",
  "/api/v2/autocompleteValues",
  "/api/v2/autocompleteValues?key=",
  "/api/v2/autocompleteKeys",
  ...["limit=0", "limit=x", "limit=", "limit=99999999999", "limit=-1", "limit=1.5"].map((q) => `/api/v2/traces?${q}`),
  ...["endTs=0", "endTs=abc", "lookback=0", "lookback=-1", "lookback=1h"].map((q) => `/api/v2/traces?${q}`),
  ...["minDuration=0", "minDuration=1s", "maxDuration=5", "minDuration=10&maxDuration=5", "maxDuration=x"].map(
    (q) => `/api/v2/traces?${q}`,
  ),
  "/api/v2/traces?endTs=99999999999999999999",
  "/api/v2/trace/ABC",
  "/api/v2/trace/xyz",
  "/api/v2/trace/abcdef",
  `/api/v2/trace/${"1".repeat(33)}`,
  "/api/v2/traceMany",
  "/api/v2/traceMany?traceIds=",
  "/api/v2/traceMany?traceIds=a",
  "/api/v2/traceMany?traceIds=a,xyz",
  "/api/v2/traceMany?traceIds=a,a",
  "/api/v2/dependencies",
  "/api/v2/dependencies?endTs=",
  "/api/v2/dependencies?endTs=x",
  "/api/v2/dependencies?endTs=0",
  `/api/v2/dependencies?endTs=${NOW}&lookback=0`,
  `/api/v2/dependencies?endTs=${NOW}&lookback=x`,
  "/api/v2/nothing",
  "/zipkin/api/v2/nothing",
];

/** Twelve traces of a shop: front calls cart, which calls stock, which asks a database. */
function shop(): ZipkinSpan[] {
  const spans: ZipkinSpan[] = [];
  for (let n = 1; n <= 12; n++) {
    const traceId = (n % 2 === 0 ? "00000000000000aa" : "") + n.toString(16).padStart(16, "0");
    const at = T0 + n * 1_000_000;
    const id = (i: number) => (n * 16 + i).toString(16).padStart(16, "0");
    const failed = n % 4 === 0 ? { error: "500" } : {};
    const front = { serviceName: "Front", ipv4: "10.0.0.1" };
    const cart = { serviceName: "cart", ipv4: "10.0.0.2", port: 8080 };
    const stock = { serviceName: "stock" };
    spans.push(
      {
        ...{ traceId, id: id(1), kind: "SERVER", name: "GET /Cart", timestamp: at, duration: 10_000 + n * 1_000 },
        localEndpoint: front,
        tags: { "http.method": "GET", "http.path": `/cart/${n}`, ...failed },
      },
      {
        ...{ traceId, id: id(2), parentId: id(1), kind: "CLIENT", name: "get", timestamp: at + 500, duration: 8_000 },
        localEndpoint: front,
        remoteEndpoint: cart,
        ...(n % 3 === 0 ? { annotations: [{ timestamp: at + 600, value: "cache.miss" }] } : {}),
      },
      {
        ...{ traceId, id: id(2), parentId: id(1), kind: "SERVER", name: "get", timestamp: at + 900, duration: 7_000 },
        localEndpoint: cart,
        shared: true,
      },
      {
        ...{
          traceId,
          id: id(3),
          parentId: id(2),
          kind: "CLIENT",
          name: "check",
          timestamp: at + 1_000,
          duration: 4_000,
        },
        localEndpoint: cart,
        remoteEndpoint: stock,
      },
      {
        ...{
          traceId,
          id: id(4),
          parentId: id(3),
          kind: "SERVER",
          name: "check",
          timestamp: at + 1_100,
          duration: 3_000,
        },
        localEndpoint: stock,
        tags: failed,
      },
      {
        ...{ traceId, id: id(5), parentId: id(4), kind: "CLIENT", name: "query", timestamp: at + 1_200 },
        duration: 1_400 + n * 100,
        localEndpoint: stock,
        remoteEndpoint: { serviceName: "db", ipv4: "10.0.0.9", port: 5432 },
        tags: { "sql.query": "select 1" },
      },
    );
  }
  return spans;
}
