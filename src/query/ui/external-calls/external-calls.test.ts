import { expect, it } from "vitest";
import { type OtlpSpan, toModel } from "../../../../test/support/query/fixture-traces.ts";
import { MemorySource } from "../../../../test/support/search/memory-source.ts";
import type { TraceReader } from "../../../component/read.ts";
import { SPAN_KIND, STATUS_CODE } from "../../../model/span.ts";
import { createTraceReader } from "../../../storage/read/trace-reader.ts";
import { externalCalls } from "./external-calls.ts";
import { externalGraph, MAX_EXTERNAL, NAMING } from "./external-nodes.ts";
import type { UiExternalCalls } from "./external-types.ts";

const START_MS = 1_795_392_000_000;
const { signal } = new AbortController();

function span(id: number, parent: number, kind: number, attributes: Record<string, string>, failed = false): OtlpSpan {
  const hex = (value: number) => value.toString(16).padStart(16, "0");
  return {
    traceId: "1".repeat(32),
    spanId: hex(id),
    ...(parent > 0 && { parentSpanId: hex(parent) }),
    name: `call ${id}`,
    kind,
    startTimeUnixNano: `${START_MS + id}000000`,
    endTimeUnixNano: `${START_MS + id + 1}000000`,
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    status: { code: failed ? STATUS_CODE.error : STATUS_CODE.unset },
  };
}

function readerOf(spans: Readonly<Record<string, readonly OtlpSpan[]>>): TraceReader {
  const source = new MemorySource();
  const resourceSpans = Object.entries(spans).map(([name, list]) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: name } }] },
    scopeSpans: [{ scope: { name: "test" }, spans: [...list] }],
  }));
  source.append(toModel({ resourceSpans }));
  return createTraceReader(source);
}

async function ask(reader: TraceReader, startMs = START_MS - 1000): Promise<UiExternalCalls> {
  const { body } = await externalCalls(reader, { startMs, endMs: START_MS + 1000 }, signal);
  return JSON.parse(new TextDecoder().decode(body as Uint8Array)) as UiExternalCalls;
}

const { client, server, producer, consumer } = SPAN_KIND;
const SHOP = {
  shop: [
    span(1, 0, server, {}),
    span(2, 1, client, { "db.system": "postgresql", "net.peer.name": "db.shop" }),
    span(3, 1, client, { "db.system": "postgresql", "net.peer.name": "db.shop" }, true),
    span(4, 1, client, { "server.address": "stock.shop" }),
    span(5, 1, client, { "server.address": "bank.example" }, true),
    span(6, 1, producer, { "messaging.system": "kafka", "server.address": "broker-1" }),
    span(7, 1, client, { "peer.service": "stock" }),
    span(8, 1, client, {}),
  ],
  stock: [span(10, 4, server, { "server.address": "stock.shop" })],
  mail: [span(11, 6, consumer, { "messaging.system": "kafka" })],
};

it("are calls to databases, to and from queues, and those that no server answers", async () => {
  const { nodes, links, left, complete } = await ask(readerOf(SHOP));
  const nameOf = (id: string) => nodes.find((node) => node.id === id)?.name ?? id;
  expect(links.map(({ parent, child, ...rest }) => ({ from: nameOf(parent), to: nameOf(child), ...rest }))).toEqual(
    expect.arrayContaining([
      { from: "shop", to: "postgresql", callCount: 2, errorCount: 1 },
      { from: "shop", to: "kafka", callCount: 1, errorCount: 0 },
      { from: "kafka", to: "mail", callCount: 1, errorCount: 0 },
      { from: "shop", to: "bank.example", callCount: 1, errorCount: 1 },
    ]),
  );
  expect(links).toHaveLength(4);
  expect([left, complete]).toEqual([0, true]);
  expect(nodes.find(({ kind }) => kind === "database")).toMatchObject({
    address: "db.shop",
    condition: 'span.db.system = "postgresql" && span.net.peer.name = "db.shop"',
  });
});

it("says what a range is cut to, and that a store has no way to count", async () => {
  const reader = readerOf(SHOP);
  expect((await ask(reader, 0)).startMs).toBeGreaterThan(0);
  const { metrics: _, ...unable } = reader;
  expect(await ask(unable)).toMatchObject({ nodes: [], complete: false, reason: "this store cannot count them" });
});

it("shows the busiest, with values that cannot leave their condition", () => {
  const groups = Array.from({ length: MAX_EXTERNAL + 5 }, (_, i) => ({
    service: "shop",
    kind: client,
    status: STATUS_CODE.unset,
    names: NAMING.map((key) => (key === "server.address" ? `" } || { ${i}\\` : undefined)),
    count: i + 1,
  }));
  const { nodes, links, left } = externalGraph(groups, new Set());
  expect([nodes.length, links.length, left]).toEqual([MAX_EXTERNAL, MAX_EXTERNAL, 5]);
  expect(nodes[0]?.condition).toBe(`span.server.address = "\\" } || { ${MAX_EXTERNAL + 4}\\\\"`);
});
