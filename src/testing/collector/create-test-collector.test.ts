import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { messageOf } from "../../model/message-of.ts";
import { createTestCollector, type TestCollector } from "./create-test-collector.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

let collector: TestCollector;
beforeEach(async () => {
  collector = await createTestCollector();
});
afterEach(() => collector.close());

interface Sent {
  readonly traceId?: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind?: number;
  readonly attributes?: object;
  readonly status?: object;
}

async function send(service: string, ...spans: readonly Sent[]): Promise<void> {
  const start = 1_700_000_000_000_000_000n;
  const full = spans.map((span) => ({
    traceId: TRACE,
    startTimeUnixNano: `${start}`,
    endTimeUnixNano: `${start + 5_000_000n}`,
    ...span,
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  const answer = await fetch(`${collector.url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: full }] }] }),
  });
  expect(answer.status).toBe(200);
}

const ROOT = { spanId: "b7ad6b7169203331", name: "GET /" };
const CHILD = { spanId: "00f067aa0ba902b7", parentSpanId: ROOT.spanId, name: "charge card", kind: 3 };

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "it came",
    (error: unknown) => messageOf(error),
  );
}

describe("createTestCollector", () => {
  it("gives spans and traces as plain data, with values of their types", async () => {
    const attributes = [
      { key: "n", value: { intValue: "7" } },
      { key: "big", value: { intValue: "9007199254740993" } },
      { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { boolValue: true }] } } },
      { key: "__proto__", value: { stringValue: "own" } },
    ];
    await send("pay", { ...CHILD, attributes, status: { code: 2, message: "declined" } });
    await send("shop", ROOT);
    const [trace, ...others] = await collector.traces();
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ traceId: TRACE, root: { name: "GET /", service: "shop" }, missingParents: [] });
    expect(trace?.spans.map(({ name }) => name)).toEqual(["GET /", "charge card"]);
    const [, child] = await collector.spans();
    expect(child).toMatchObject({ kind: "client", status: "error", statusMessage: "declined", durationMs: 5 });
    expect(Object.entries(child?.attributes ?? {}).toSorted()).toEqual([
      ["__proto__", "own"],
      ["big", 9007199254740993n],
      ["list", ["a", true]],
      ["n", 7],
    ]);
  });

  it.for([
    ["an id", TRACE],
    ["a traceparent", `00-${TRACE}-${ROOT.spanId}-01`],
    ["TraceQL", '{ name = "charge card" }'],
    ["structural TraceQL", '{ name = "GET /" } > { kind = client }'],
  ] as const)("waits for the whole trace by %s, whether it comes later or was there", async ([, wanted]) => {
    const waiting = collector.waitForTrace(wanted, 20_000);
    await send("pay", CHILD);
    await send("shop", ROOT);
    expect((await waiting).spans).toHaveLength(2);
    expect((await collector.waitForTrace(wanted)).spans).toHaveLength(2);
  });

  it("waits for what a predicate says, of a trace and of a span, and for patterns and TraceQL of spans", async () => {
    const waiting = [
      collector.waitForTrace(({ spans }) => spans.length === 2, 20_000).then(({ spans }) => spans[1]?.name),
      collector.waitForSpan(({ kind }) => kind === "client", 20_000).then(({ name }) => name),
      collector.waitForSpan({ name: /card/, service: "pay" }, 20_000).then(({ name }) => name),
      collector.waitForSpan("{ kind = client }", 20_000).then(({ name }) => name),
    ];
    await send("shop", ROOT);
    await send("pay", CHILD);
    expect(await Promise.all(waiting)).toEqual(Array(4).fill("charge card"));
  });

  it("says in vain what it waited for, what came nearest, and draws everything that arrived", async () => {
    await send("shop", ROOT);
    await send("pay", CHILD);
    const message = await refusal(collector.waitForSpan({ name: "charge card", kind: "server" }, 1));
    expect(message).toMatch(/^No span with \{ name: "charge card", kind: "server" \} arrived within 1 ms\./);
    expect(message).toContain('kind: expected "server", found "client"');
    expect(message).toMatch(/1 trace with 2 spans arrived:\n\n0af7651916cd43dd8448eb211c80319c/);
    expect(message).toMatch(/└─ pay {2}charge card/);
  });

  it("says which parent is missing", async () => {
    await send("pay", CHILD);
    const message = await refusal(collector.waitForTrace(TRACE, 1));
    expect(message).toContain(`lacks the span ${ROOT.spanId}`);
    expect((await collector.waitForTrace(TRACE, { whole: false })).spans).toHaveLength(1);
  });

  it("says how to send where nothing arrived", async () => {
    expect(await refusal(collector.waitForTrace(TRACE, 1))).toContain("No span arrived at all");
  });

  it("says what is wrong with what it is to wait for", async () => {
    expect(await refusal(collector.waitForTrace("checkout"))).toContain("expected a trace id or TraceQL");
    expect(await refusal(collector.waitForSpan("{ name = }"))).not.toBe("it came");
    expect(await refusal(collector.waitForTrace(TRACE, { timeoutMs: Number.NaN }))).toContain("timeoutMs");
    expect(await refusal(collector.waitForTrace("{} | rate()"))).toContain("rate()");
  });

  it("forgets on reset, and then finds what comes", async () => {
    await send("shop", ROOT);
    const waiting = collector.waitForSpan({ name: "charge card" }, 20_000);
    await collector.reset();
    expect(await collector.traces()).toEqual([]);
    await send("pay", { ...CHILD, traceId: "1".repeat(32) });
    expect((await waiting).traceId).toBe("1".repeat(32));
    expect(await collector.spans()).toHaveLength(1);
  });

  it("ends waits when it is closed", async () => {
    const waiting = refusal(collector.waitForTrace(TRACE, 60_000));
    await collector.close();
    expect(await waiting).toContain("closed");
    expect(await refusal(collector.traces())).toContain("closed");
  });

  it("keeps collectors apart that run side by side", async () => {
    await using other = await createTestCollector();
    await send("shop", ROOT);
    expect(await other.traces()).toEqual([]);
    expect(await collector.traces()).toHaveLength(1);
  });

  it("listens for OTLP and for readers of the web UI, and for nobody else unless told to", async () => {
    const ports = () => process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
    const before = ports();
    await using plain = await createTestCollector();
    const opened = ports() - before;
    // Three listeners, and each on IPv6 where the machine has it.
    expect([3, 6]).toContain(opened);
    await using zipkin = await createTestCollector({ config: { receivers: { zipkin: { enabled: true } } } });
    expect(ports() - before - opened).toBeGreaterThan(opened);
    expect(plain.grpcUrl).not.toBe(zipkin.grpcUrl);
  });

  it("takes settings", async () => {
    await using small = await createTestCollector({ config: { sampling: { ratio: 0 } } });
    expect(small.url).toMatch(/^http:/);
    // A receiver that is named runs.
    await using zipkin = await createTestCollector({ config: { receivers: { zipkin: {} } } });
    const status = await (await fetch(new URL("api/ui/status", zipkin.uiUrl))).text();
    expect(status).toContain('"receiver":"zipkin"');
    await expect(createTestCollector({ config: { storage: { kind: "x" as never } } })).rejects.toThrow("storage.kind");
  });
});
