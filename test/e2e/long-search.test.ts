import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ViewHost } from "../../src/component/read.ts";
import type { Span } from "../../src/model/span.ts";
import { createUiRoutes } from "../../src/query/ui/routes.ts";
import { uiViews } from "../../src/query/ui/views.ts";
import { createTraceReader, DEFAULT_TRACE_READER } from "../../src/storage/read/trace-reader.ts";
import { hostOf } from "../support/query/memory-reader.ts";
import { type Served, serve } from "../support/query/serve.ts";
import { MemorySource } from "../support/search/memory-source.ts";

const BLOCKS = 300;
const SPANS = 100;
const START = 1_795_392_000_000_000_000n;
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

/** Blocks whose every span has to be decoded to know that it does not match. */
function manyBlocks(): MemorySource {
  const source = new MemorySource();
  for (let block = 0; block < BLOCKS; block++) {
    const spans = Array.from({ length: SPANS }, (_, i): Span => {
      const start = START + BigInt(block * SPANS + i) * 1_000_000n;
      return {
        traceId: hex(block + 1, 32),
        spanId: hex(i + 1, 16),
        parentSpanId: "",
        traceState: "",
        flags: 0,
        name: "work",
        kind: 1,
        startTimeUnixNano: start,
        endTimeUnixNano: start + 1_000n,
        attributes: [{ key: "k", value: { type: "string", value: `value-${i}` } }],
        droppedAttributesCount: 0,
        events: [],
        droppedEventsCount: 0,
        links: [],
        droppedLinksCount: 0,
        status: { code: 2, message: "" },
      };
    });
    source.append([
      {
        resource: { attributes: [], droppedAttributesCount: 0, entityRefs: [] },
        schemaUrl: "",
        scopeSpans: [
          { scope: { name: "", version: "", attributes: [], droppedAttributesCount: 0 }, schemaUrl: "", spans },
        ],
      },
    ]);
  }
  return source;
}

/** Matches nothing, and no index can tell. */
const LONG_SEARCH = "/api/ui/search?tags=%7B%22otel.status_description%22%3A%22nothing%22%7D";

describe("a long search", () => {
  const source = manyBlocks();
  const settings = { ...DEFAULT_TRACE_READER, cache: { ...DEFAULT_TRACE_READER.cache, bodyBytes: 0 } };
  const reader = createTraceReader(source, settings);
  const ended: { view: string; failed: string | undefined }[] = [];
  const inner = hostOf(reader, uiViews);
  const host: ViewHost = {
    async view(name, params, signal) {
      try {
        const result = await inner.view(name, params, signal);
        ended.push({ view: name, failed: undefined });
        return result;
      } catch (error) {
        ended.push({ view: name, failed: (error as { code?: string }).code ?? String(error) });
        throw error;
      }
    },
  };
  let served: Served;
  beforeAll(async () => {
    served = await serve(createUiRoutes(host));
    // Loads what every search needs.
    await (await fetch(`${served.url}/api/ui/search?limit=1`)).arrayBuffer();
  });
  afterAll(() => served.close());

  it("stops when its client goes away", async () => {
    ended.length = 0;
    source.reads.bodies = 0;
    const request = get(served.url + LONG_SEARCH);
    request.on("error", () => {});
    while (source.reads.bodies === 0) await sleep(1);
    request.destroy();
    while (ended.length === 0) await sleep(1);
    expect(ended).toEqual([{ view: "ui.search", failed: "cancelled" }]);
    const read = source.reads.bodies;
    expect(read).toBeLessThan(BLOCKS);
    await sleep(20);
    expect(source.reads.bodies).toBe(read);
  });

  it("lets look-ups by id pass", async () => {
    ended.length = 0;
    source.reads.bodies = 0;
    const search = fetch(served.url + LONG_SEARCH);
    while (source.reads.bodies === 0) await sleep(1);
    for (const id of [1, 2, 3]) {
      const trace = await fetch(`${served.url}/api/ui/traces/${hex(id, 32)}/columns`);
      expect(trace.status).toBe(200);
      await trace.arrayBuffer();
    }
    const answer = (await (await search).json()) as { traces: unknown[]; complete: boolean };
    expect(answer).toMatchObject({ traces: [], complete: true });
    expect(ended.map(({ view }) => view)).toEqual(["ui.columns", "ui.columns", "ui.columns", "ui.search"]);
  });
});
