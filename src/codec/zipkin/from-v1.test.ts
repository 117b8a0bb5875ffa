import { describe, expect, it } from "vitest";
import { type MappedSpans, readMapped } from "../../../test/support/mapped-spans.ts";
import { recordsOf } from "../../../test/support/mapping-records.ts";
import { SPAN_KIND, type SpanRecord } from "../../model/span.ts";

const T = 1_700_000_000_000_000;
const WEB = { serviceName: "web", ipv4: "10.0.0.1", port: 8080 };
const API = { serviceName: "api", ipv4: "10.0.0.2" };
const note = (value: string, after: number, endpoint?: object) => ({ timestamp: T + after, value, endpoint });

function readV1(span: object): MappedSpans {
  return readMapped("zipkin_json", Buffer.from(JSON.stringify([{ traceId: "1", id: "2", parentId: "9", ...span }])));
}

/** What is told of each span that one of v1 became. */
function sides(span: object): unknown[] {
  const { traces, message } = readV1(span);
  expect(message).toBe("");
  return recordsOf(traces).map(({ span: { spanId, parentSpanId, kind, ...times }, service }) => [
    service,
    kind,
    [spanId, parentSpanId],
    Number(times.startTimeUnixNano / 1_000n) - T,
    Number(times.endTimeUnixNano - times.startTimeUnixNano) / 1_000,
  ]);
}

const attributes = ({ span }: SpanRecord): Record<string, unknown> =>
  Object.fromEntries(span.attributes.map(({ key, value }) => [key, value.type === "empty" ? null : value.value]));

const IDS = ["0000000000000002", "0000000000000009"];
const { client, server, producer, consumer, internal } = SPAN_KIND;

describe("a span of v1", () => {
  it.each([
    ["a client", [note("cs", 0, WEB), note("cr", 50, WEB)], {}, [["web", client, IDS, 0, 50]]],
    ["a server", [note("sr", 10, API), note("ss", 40, API)], {}, [["api", server, IDS, 10, 30]]],
    [
      "both sides",
      [note("sr", 10, API), note("ss", 40, API), note("cs", 0, WEB), note("cr", 50, WEB)],
      {},
      [
        ["web", client, IDS, 0, 50],
        ["api", server, IDS, 10, 30],
      ],
    ],
    [
      "both sides in one service",
      [note("cs", 0, WEB), note("sr", 10, WEB), note("ss", 40, WEB), note("cr", 50, WEB)],
      {},
      [
        ["web", client, IDS, 0, 50],
        ["web", server, IDS, 10, 30],
      ],
    ],
    [
      "both sides, with times of its own, which are the client's",
      [note("cs", 1, WEB), note("sr", 10, API), note("ss", 40, API), note("cr", 49, WEB)],
      { timestamp: T, duration: 60 },
      [
        ["web", client, IDS, 0, 60],
        ["api", server, IDS, 10, 30],
      ],
    ],
    ["a client that never heard back", [note("cs", 0, WEB)], {}, [["web", client, IDS, 0, 0]]],
    ["a producer", [note("ms", 0, WEB), note("ws", 5, WEB)], {}, [["web", producer, IDS, 0, 5]]],
    ["a consumer", [note("wr", 0, API), note("mr", 7, API)], {}, [["api", consumer, IDS, 0, 7]]],
    ["neither", [note("hello", 3, WEB)], { timestamp: T, duration: 9 }, [["web", internal, IDS, 0, 9]]],
    [
      "neither, with an endpoint alone",
      [],
      { timestamp: T, binaryAnnotations: [{ key: "lc", value: "", endpoint: WEB }] },
      [["web", internal, IDS, 0, 0]],
    ],
  ])("that is %s", (_what, annotations, more, expected) => {
    expect(sides({ annotations, ...more })).toEqual(expected);
  });

  it("has what each side noted, and the address of the other", () => {
    const { traces } = readV1({
      annotations: [
        note("cs", 0, WEB),
        note("sr", 10, API),
        note("cache miss", 20, API),
        note("retried", 30, WEB),
        note("ss", 40, API),
        note("cr", 50, WEB),
      ],
      binaryAnnotations: [
        { key: "http.path", value: "/a", endpoint: WEB },
        { key: "sql.rows", value: 7, endpoint: API },
        { key: "sa", value: true, endpoint: API },
        { key: "ca", value: true, endpoint: { ...WEB, serviceName: "api" } },
        { key: "toString", value: "x", endpoint: WEB },
      ],
    });
    const [web, api] = recordsOf(traces) as [SpanRecord, SpanRecord];
    expect(web.span.events.map(({ name }) => name)).toEqual(["retried"]);
    expect(api.span.events.map(({ name }) => name)).toEqual(["cache miss"]);
    expect(attributes(web)).toMatchObject({
      "http.path": "/a",
      toString: "x",
      "peer.service": "api",
      "network.peer.address": "10.0.0.2",
    });
    expect(attributes(api)).toMatchObject({
      "sql.rows": "7",
      "network.peer.address": "10.0.0.1",
      "zipkin.shared": true,
    });
    // Finagle's "ca" has the server's own name, which is not the client's.
    expect(attributes(api)["peer.service"]).toBeUndefined();
  });

  it("is a server without core annotations where it has the client's address", () => {
    const { traces } = readV1({ binaryAnnotations: [{ key: "ca", value: "1", endpoint: WEB }] });
    expect(recordsOf(traces).map(({ span }) => span.kind)).toEqual([server]);
  });

  it("whose server began no span of its own has joined its client's", () => {
    const [api] = recordsOf(readV1({ annotations: [note("sr", 10, API), note("ss", 40, API)] }).traces);
    expect(attributes(api as SpanRecord)["zipkin.shared"]).toBe(true);
  });

  it("is told from one of v2 by its fields", () => {
    const annotations = [{ timestamp: T, value: "cs" }];
    const v2 = recordsOf(readV1({ annotations, kind: "SERVER" }).traces);
    expect(v2.map(({ span }) => [span.kind, span.events.map(({ name }) => name)])).toEqual([[server, ["cs"]]]);
    expect(recordsOf(readV1({ annotations }).traces).map(({ span }) => span.kind)).toEqual([client]);
  });
});
