import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import type { AnyValue } from "../../src/model/any-value.ts";
import type { Span, TracesData } from "../../src/model/span.ts";
import { intAttribute, resourceWith, scopeWith, serviceWith, spanWith, textAttribute } from "../support/otlp-spans.ts";
import { operationsAnswer, servicesAnswer, summariesAnswer, traceAnswer } from "../support/query/jaeger-ui-answers.ts";

const T0 = 1_795_392_000_000_000_000n;
const MS = 1_000_000n;
const RANGE = { "query.startTimeMin": iso(T0), "query.startTimeMax": iso(T0 + 3_600_000n * MS) };
const idOf = (n: number) => n.toString(16).padStart(32, "0");

let collector: Collector;
beforeAll(async () => {
  collector = await createCollector();
  await send(shop());
});
afterAll(() => collector?.shutdown());

function iso(nanos: bigint): string {
  return new Date(Number(nanos / MS)).toISOString();
}

function event(timeUnixNano: bigint, name: string, why: string): Span["events"][number] {
  return { timeUnixNano, name, attributes: [textAttribute("why", why)], droppedAttributesCount: 0 };
}

async function send(data: TracesData): Promise<void> {
  const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces(data),
  });
  expect(response.status).toBe(200);
}

/** Trace 1: a call and its server, which failed. Trace 2: values of every type. Trace 3: two parents of each other. */
function shop(): TracesData {
  const call = (n: number, changes: Partial<Span>) => spanWith({ traceId: idOf(n), ...changes });
  const odd: AnyValue[] = [
    { type: "empty" },
    { type: "double", value: Number.NaN },
    { type: "double", value: 2.5 },
    { type: "int", value: -(1n << 63n) },
    { type: "bytes", value: Uint8Array.of(0, 255) },
    { type: "array", value: [{ type: "empty" }, { type: "bool", value: false }] },
    { type: "kvlist", value: [{ key: "a", value: { type: "double", value: Number.POSITIVE_INFINITY } }] },
    { type: "array", value: [] },
  ];
  const times = (at: bigint, ms: bigint) => ({ startTimeUnixNano: T0 + at * MS, endTimeUnixNano: T0 + (at + ms) * MS });
  return [
    serviceWith("front", [
      call(1, { ...times(1000n, 50n), spanId: "a1".padStart(16, "0"), name: "GET /cart", kind: 3 }),
      call(3, { ...times(3000n, 5n), spanId: "c1".padStart(16, "0"), parentSpanId: "c2".padStart(16, "0"), kind: 0 }),
      call(3, { ...times(3001n, 5n), spanId: "c2".padStart(16, "0"), parentSpanId: "c1".padStart(16, "0"), kind: 1 }),
    ]),
    {
      ...serviceWith("cart/api", []),
      schemaUrl: "https://opentelemetry.io/schemas/1.30.0",
      resource: resourceWith([textAttribute("service.name", "cart/api"), textAttribute("region", "north")]),
      scopeSpans: [
        {
          scope: { ...scopeWith("http"), version: "1.2" },
          schemaUrl: "https://example.com/scope",
          spans: [
            call(1, {
              ...times(1010n, 30n),
              spanId: "a2".padStart(16, "0"),
              parentSpanId: "a1".padStart(16, "0"),
              name: "cart",
              kind: 2,
              status: { code: 2, message: "no stock" },
              traceState: "vendor=cart",
              attributes: [intAttribute("http.status_code", 500n), textAttribute("region", "south")],
              events: [event(T0, "retry", "late"), event(T0 + 1020n * MS, "exception", "The cart: is EMPTY, again.")],
            }),
          ],
        },
      ],
    },
    serviceWith("", [
      call(2, {
        ...times(2000n, 500n),
        spanId: "b1".padStart(16, "0"),
        name: "odd",
        kind: 1,
        attributes: odd.map((value, i) => ({ key: `odd.${i}`, value })),
        links: [
          {
            traceId: idOf(1),
            spanId: "a1".padStart(16, "0"),
            traceState: "linked=yes",
            attributes: [textAttribute("reason", "retry")],
            droppedAttributesCount: 0,
            flags: 0,
          },
        ],
      }),
    ]),
  ];
}

async function ask(path: string, params: Readonly<Record<string, string>> = {}) {
  const url = new URL(`api/v3/${path}`, collector.endpoints.ui);
  for (const [name, value] of Object.entries(params)) url.searchParams.append(name, value);
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as unknown };
}

async function found(params: Readonly<Record<string, string>>): Promise<number[]> {
  const { status, body } = await ask("trace-summaries", { ...RANGE, ...params });
  expect(body).not.toHaveProperty("error");
  expect(status).toBe(200);
  return summariesAnswer.parse(body).summaries.map(({ traceId }) => Number.parseInt(traceId, 16));
}

const filtered = (filter: unknown) => found({ "query.filter": JSON.stringify(filter) });

/** A span of an answer, with what of it is looked at. */
interface Answered {
  readonly spanId: string;
  readonly attributes?: readonly { readonly key: string; readonly value: unknown }[];
}

describe("what Jaeger UI asks", () => {
  it("services, operations, a search and its traces, in order, as its own schemas take them", async () => {
    const { services } = servicesAnswer.parse((await ask("services")).body);
    expect(services).toEqual(["cart/api", "front", "unknown_service"]);
    const { operations } = operationsAnswer.parse((await ask("operations", { service: "front" })).body);
    expect(operations).toEqual([
      { name: "GET /", spanKind: "internal" },
      { name: "GET /cart", spanKind: "client" },
    ]);
    const { status, body } = await ask("trace-summaries", { ...RANGE, "query.searchDepth": "20" });
    expect(status).toBe(200);
    const { summaries } = summariesAnswer.parse(body);
    expect(summaries.map(({ traceId }) => traceId)).toEqual([idOf(3), idOf(2), idOf(1)]);
    expect(summaries[2]).toEqual({
      traceId: idOf(1),
      rootServiceName: "front",
      rootOperationName: "GET /cart",
      minStartTimeUnixNano: String(T0 + 1000n * MS),
      maxEndTimeUnixNano: String(T0 + 1050n * MS),
      spanCount: 2,
      errorSpanCount: 1,
      orphanSpanCount: 0,
      services: [
        { name: "cart/api", spanCount: 1, errorSpanCount: 1 },
        { name: "front", spanCount: 1, errorSpanCount: 0 },
      ],
    });
    for (const { traceId, spanCount } of summaries) {
      const answer = traceAnswer.parse((await ask(`traces/${traceId}`)).body);
      const spans = answer.result.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      expect(spans).toHaveLength(spanCount);
    }
  });

  it("has the parameters of older clients", async () => {
    const old = { "query.start_time_min": iso(T0), "query.start_time_max": iso(T0 + 9_000n * MS) };
    const asked = async (more: Record<string, string>) => {
      const { body } = await ask("trace-summaries", { ...old, ...more });
      return summariesAnswer.parse(body).summaries.map(({ traceId }) => Number.parseInt(traceId, 16));
    };
    expect(await asked({ "query.service_name": "cart/api" })).toEqual([1]);
    expect(await asked({ "query.operation_name": "odd" })).toEqual([2]);
    expect(await asked({ "query.span_name": "odd" })).toEqual([2]);
    expect(await asked({ "query.num_traces": "1" })).toEqual([3]);
    expect(await asked({ "query.search_depth": "2" })).toEqual([3, 2]);
    expect(await asked({ "query.duration_min": "40ms", "query.duration_max": "60ms" })).toEqual([1]);
  });

  it("finds by service, operation, attributes, durations and time", async () => {
    expect(await found({ "query.serviceName": "cart/api", "query.operationName": "cart" })).toEqual([1]);
    expect(await found({ "query.attributes": '{"http.status_code":"500","error":"true"}' })).toEqual([1]);
    expect(await found({ "query.attributes": '{"http.status_code":"501"}' })).toEqual([]);
    expect(await found({ "query.durationMin": "0.5s" })).toEqual([2]);
    // The start of the range is in it, its end is not.
    expect(await found({ "query.startTimeMin": iso(T0 + 2000n * MS) })).toEqual([3, 2]);
    expect(await found({ "query.startTimeMax": iso(T0 + 2000n * MS) })).toEqual([1]);
  });
});

describe("a trace", () => {
  it("is OTLP/JSON with all that it holds", async () => {
    const { body } = await ask(`traces/${idOf(1)}`);
    const { resourceSpans } = traceAnswer.parse(body).result;
    const cart = resourceSpans.find(({ schemaUrl }) => schemaUrl !== undefined);
    expect(cart).toEqual({
      resource: {
        attributes: [
          { key: "service.name", value: { stringValue: "cart/api" } },
          { key: "region", value: { stringValue: "north" } },
        ],
      },
      scopeSpans: [
        {
          scope: { name: "http", version: "1.2" },
          spans: [
            {
              traceId: idOf(1),
              spanId: "a2".padStart(16, "0"),
              traceState: "vendor=cart",
              parentSpanId: "a1".padStart(16, "0"),
              flags: 257,
              name: "cart",
              kind: 2,
              startTimeUnixNano: String(T0 + 1010n * MS),
              endTimeUnixNano: String(T0 + 1040n * MS),
              attributes: [
                { key: "http.status_code", value: { intValue: "500" } },
                { key: "region", value: { stringValue: "south" } },
              ],
              events: [
                {
                  timeUnixNano: String(T0),
                  name: "retry",
                  attributes: [{ key: "why", value: { stringValue: "late" } }],
                },
                {
                  timeUnixNano: String(T0 + 1020n * MS),
                  name: "exception",
                  attributes: [{ key: "why", value: { stringValue: "The cart: is EMPTY, again." } }],
                },
              ],
              status: { message: "no stock", code: 2 },
            },
          ],
          schemaUrl: "https://example.com/scope",
        },
      ],
      schemaUrl: "https://opentelemetry.io/schemas/1.30.0",
    });
  });

  it("shows odd values in a form that the UI takes, and as they are stored where raw ones are asked for", async () => {
    const { resourceSpans } = traceAnswer.parse((await ask(`traces/${idOf(2)}`)).body).result;
    expect(resourceSpans[0]?.resource?.attributes).toEqual([
      { key: "service.name", value: { stringValue: "unknown_service" } },
    ]);
    const span = resourceSpans[0]?.scopeSpans[0]?.spans[0] as unknown as Answered;
    expect(span.attributes?.map(({ value }) => value)).toEqual([
      { stringValue: "" },
      { stringValue: "NaN" },
      { doubleValue: 2.5 },
      { intValue: "-9223372036854775808" },
      { bytesValue: "AP8=" },
      { arrayValue: { values: [{ stringValue: "" }, { boolValue: false }] } },
      { kvlistValue: { values: [{ key: "a", value: { stringValue: "Infinity" } }] } },
      { arrayValue: { values: [] } },
    ]);
    for (const name of ["rawTraces", "raw_traces"]) {
      const raw = (await ask(`traces/${idOf(2)}`, { [name]: "true" })).body as {
        result: { resourceSpans: { resource: unknown; scopeSpans: { spans: Answered[] }[] }[] };
      };
      expect(raw.result.resourceSpans[0]?.resource).toEqual({});
      const stored = raw.result.resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes?.map(({ value }) => value);
      expect(stored?.slice(0, 2)).toEqual([{}, { doubleValue: "NaN" }]);
    }
  });

  it("is found by hex of any case and length, and by base64 in both alphabets", async () => {
    const low = Buffer.from("fbefff0102030405", "hex");
    const hex = low.toString("hex").padStart(32, "0");
    await send([serviceWith("base64", [spanWith({ traceId: hex, startTimeUnixNano: 1n, endTimeUnixNano: 2n })])]);
    const bytes = Buffer.from(hex, "hex");
    const texts = [hex, hex.toUpperCase(), low.toString("hex")];
    for (const some of [bytes, low]) {
      const padded = some.toString("base64");
      const urlSafe = padded.replaceAll("+", "-").replaceAll("/", "_");
      texts.push(padded, padded.replaceAll("=", ""), urlSafe, urlSafe.replaceAll("=", ""));
    }
    expect(texts.join()).toMatch(/\+.*\/.*-.*_/);
    for (const text of texts) {
      const { status, body } = await ask(`traces/${encodeURIComponent(text)}`);
      expect(status, text).toBe(200);
      expect(JSON.stringify(traceAnswer.parse(body)), text).toContain(hex);
    }
  });

  it("comes with others in the answer to a search", async () => {
    const { body } = await ask("traces", { ...RANGE, "query.serviceName": "front" });
    const { resourceSpans } = traceAnswer.parse(body).result;
    const ids = resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map(({ traceId }) => traceId)),
    );
    expect(ids.sort()).toEqual([idOf(1), idOf(1), idOf(3), idOf(3)]);
  });
});

describe("structured filters", () => {
  const attr = (key: string, level?: string) => ({ attr: { key, ...(level === undefined ? {} : { level }) } });
  const field = (level: string, name: string) => ({ field: { name, level } });
  const is = (value: string, type?: string) => ({ scalar: { value, ...(type === undefined ? {} : { type }) } });
  const call = (op: string, ...args: unknown[]) => ({ op, args });
  const nested = (op: string, ...args: unknown[]) => ({ call: call(op, ...args) });

  it.each([
    [call("eq", attr("http.status_code"), is("500")), [1]],
    [call("eq", attr("http.status_code"), is("500", "int")), [1]],
    [call("eq", attr("http.status_code"), is("500", "string")), []],
    [call("gte", attr("http.status_code"), is("400")), [1]],
    [call("lt", is("400"), attr("http.status_code")), [1]],
    [call("gt", attr("http.status_code"), is("500")), []],
    [call("eq", attr("region", "resource"), is("north")), [1]],
    [call("eq", attr("region", "span"), is("north")), []],
    // What is absent satisfies no comparison, and of several values none may match a negated one.
    [call("ne", attr("http.status_code"), is("200")), [1]],
    [call("ne", attr("region"), is("north")), []],
    [call("ne", attr("region"), is("west")), [1]],
    [call("not", nested("eq", attr("http.status_code"), is("500"))), [3, 2, 1]],
    [call("not_in", attr("region", "span"), { list: { values: ["east", "west"] } }), [1]],
    [call("in", attr("http.status_code"), { list: { values: ["404", "500"], type: "int" } }), [1]],
    [call("exists", attr("odd.1")), [2]],
    [call("eq", field("resource", "service"), is("front")), [3, 1]],
    [call("gt", field("span", "duration"), is("100ms")), [2]],
    [call("eq", field("span", "status"), is("error")), [1]],
    [call("in", field("span", "kind"), { list: { values: ["client", "server"] } }), [1]],
    [call("eq", field("span", "spanID"), is("a1")), [1]],
    [call("eq", field("span", "traceID"), is(idOf(3).toUpperCase())), [3]],
    [call("in", field("span", "parentSpanID"), { list: { values: ["00000000000000a1", "C1"] } }), [3, 1]],
    [call("gte", field("span", "startTime"), is(iso(T0 + 3000n * MS))), [3]],
    [call("lte", field("span", "startTime"), is(iso(T0 + 1000n * MS))), [1]],
    [call("lt", is(iso(T0 + 3005n * MS)), field("span", "endTime")), [3]],
    [call("regex", field("span", "name"), is("c.r")), [1]],
    [call("regex", attr("region", "span"), is("out")), [1]],
    [call("eq", field("scope", "version"), is("1.2")), [1]],
    [call("eq", field("link", "traceID"), is(idOf(1))), [2]],
    [call("eq", attr("why", "event"), is("late")), [1]],
    [call("eq", field("event", "name"), is("retry")), [1]],
    [call("ne", field("event", "name"), is("retry")), []],
    [call("some", { nested: { level: "event" } }, nested("eq", attr("why", "event"), is("late"))), [1]],
    [call("or", nested("eq", field("span", "name"), is("odd")), nested("exists", attr("http.status_code"))), [2, 1]],
    [call("and", nested("eq", field("span", "kind"), is("server")), nested("exists", attr("region"))), [1]],
  ])("%j", async (filter, traces) => {
    expect(await filtered(filter)).toEqual(traces);
  });

  it.each([
    ["{", "no JSON"],
    ["[]", "expected an object"],
    ['{"op":"eq"}', "two operands"],
    ['{"op":"like","args":[]}', 'got "like"'],
    [call("and", nested("exists", attr("a"))), "two or more predicates"],
    [call("eq", { attr: { key: "a" }, scalar: { value: "1" } }, is("1")), "exactly one of"],
    [call("eq", {}, is("1")), "query.filter.args[0]: expected exactly one of"],
    [call("eq", attr("a"), { scalar: { value: 1 } }), "query.filter.args[1].scalar.value: got 1, expected a text"],
    [call("eq", attr("a", "process"), is("1")), "level"],
    [call("eq", field("span", "nme"), is("1")), "no field of span: nme"],
    [call("gt", field("span", "duration"), is("100")), "expected a duration"],
    [call("gt", field("span", "status"), is("error")), "has no order"],
    [call("eq", field("span", "traceID"), is("none")), "up to 32 hex digits"],
    [call("regex", field("span", "duration"), is("a")), "matches text"],
    [call("gt", field("span", "startTime"), is("yesterday")), "expected a time"],
    [call("eq", field("span", "kind"), is("sever")), "expected unspecified, internal"],
    [call("eq", attr("a"), is("x", "int")), "whole number"],
    [call("in", attr("a"), { list: { values: [] } }), "at least one value"],
    [call("regex", attr("a"), is("^a")), "anchors"],
    [call("regex", attr("a"), is("(a+)+")), "regular expression"],
    [call("exists", { attr: { key: "a", lvl: "span" } }), 'unknown member "lvl"'],
  ])("%j is refused with its place", async (filter, message) => {
    const text = typeof filter === "string" ? filter : JSON.stringify(filter);
    const { status, body } = await ask("trace-summaries", { ...RANGE, "query.filter": text });
    expect(body).toEqual({ error: { httpCode: 400, message: expect.stringContaining(message) } });
    expect(status).toBe(400);
  });

  const events = { nested: { level: "event" } };
  const links = { nested: { level: "link" } };
  const words = (...values: string[]) => ({ list: { values } });

  it.each([
    // Fields that only the bytes of a span hold.
    [call("eq", field("span", "traceState"), is("vendor=cart")), [1]],
    [call("exists", field("span", "traceState")), [1]],
    [call("regex", field("resource", "schemaURL"), is("schemas/1[.]3")), [1]],
    [call("eq", field("scope", "schemaURL"), is("https://example.com/scope")), [1]],
    [call("ne", field("scope", "schemaURL"), is("https://example.com/other")), [1]],
    [call("gt", field("event", "time"), is(iso(T0 + 1000n * MS))), [1]],
    [call("eq", field("event", "timeSinceStart"), is("10ms")), [1]],
    [call("lt", field("event", "timeSinceStart"), is("-1s")), [1]],
    [call("in", field("link", "spanID"), { list: { values: ["A1"] } }), [2]],
    [call("eq", field("link", "traceState"), is("linked=yes")), [2]],
    [call("gt", field("span", "spanID"), is("00000000000000c1")), [3]],
    [call("regex", field("span", "traceID"), is("0003")), [3]],
    // Two references.
    [call("lt", field("span", "startTime"), field("span", "endTime")), [3, 2, 1]],
    [call("gt", field("span", "startTime"), field("span", "endTime")), []],
    [call("ne", attr("region", "span"), attr("region", "resource")), [1]],
    [call("eq", attr("region", "span"), attr("region", "resource")), []],
    [call("eq", field("span", "name"), attr("region")), []],
    [call("gt", attr("http.status_code"), attr("odd.2")), []],
    [call("gte", field("event", "time"), field("span", "startTime")), [1]],
    [call("eq", is("5", "int"), is("5.0", "double")), [3, 2, 1]],
    [call("gt", is("10"), is("9")), []],
    [call("gt", is("10", "int"), is("9")), [3, 2, 1]],
    // One event, or one link, satisfies all of it.
    [
      call(
        "some",
        events,
        nested(
          "and",
          nested("eq", field("event", "name"), is("retry")),
          nested("eq", attr("why", "event"), is("late")),
        ),
      ),
      [1],
    ],
    [
      call(
        "some",
        events,
        nested(
          "and",
          nested("eq", field("event", "name"), is("exception")),
          nested("eq", attr("why", "event"), is("late")),
        ),
      ),
      [],
    ],
    [call("some", events, nested("not", nested("exists", attr("why", "event")))), []],
    [call("some", events, nested("ne", field("event", "name"), is("retry"))), [1]],
    [call("some", events, nested("not_in", field("event", "name"), words("retry", "exception"))), []],
    [call("not", nested("some", events, nested("exists", field("event", "name")))), [3, 2, 1]],
    [call("some", events, nested("gt", field("event", "timeSinceStart"), is("5ms"))), [1]],
    [call("some", events, nested("eq", field("span", "name"), is("cart"))), [1]],
    [
      call(
        "some",
        links,
        nested("and", nested("eq", field("link", "spanID"), is("a1")), nested("exists", attr("reason", "link"))),
      ),
      [2],
    ],
    [call("some", links, nested("not", nested("some", events, nested("exists", field("event", "name"))))), [2]],
    // Words, whatever their case and what is between them.
    [call("phrase", attr("why", "event"), words("cart", "is", "empty")), [1]],
    [call("phrase", attr("why", "event"), words("is", "cart")), []],
    [call("phrase", attr("why", "event"), words("the", "is")), []],
    [call("fulltext", attr("why", "event"), words("again", "The", "cart")), [1]],
    [call("fulltext", attr("why", "event"), words("cart", "late")), []],
    [call("fulltext", attr("why", "event"), words("art")), []],
    [call("phrase", attr("region"), words("NORTH")), [1]],
    [
      call(
        "some",
        events,
        nested(
          "and",
          nested("eq", field("event", "name"), is("retry")),
          nested("phrase", attr("why", "event"), words("again")),
        ),
      ),
      [],
    ],
  ])("%j", async (filter, traces) => {
    expect(await filtered(filter)).toEqual(traces);
  });

  it.each([
    [call("phrase", field("span", "name"), words("a")), "takes an attribute"],
    [call("fulltext", attr("a"), is("b")), "list of words"],
    [call("fulltext", attr("a"), words("a b")), 'got "a b", expected a word'],
    [call("phrase", attr("a"), { list: { values: ["1"], type: "int" } }), "words are strings"],
    [call("eq", field("span", "duration"), field("span", "name")), "does not compare"],
    [call("gt", field("span", "kind"), attr("a")), "has no order"],
    [call("eq", is("a", "string"), is("1", "int")), "does not compare"],
    [call("some", events, nested("some", events, nested("exists", attr("a", "event")))), "is not defined"],
  ])("%j is refused", async (filter, message) => {
    const { status, body } = await ask("traces", { ...RANGE, "query.filter": JSON.stringify(filter) });
    expect(body).toEqual({ error: { httpCode: 400, message: expect.stringContaining(message) } });
    expect(status).toBe(400);
  });

  it("excludes the plain predicates", async () => {
    const filter = JSON.stringify(call("exists", attr("a")));
    for (const more of [
      { "query.serviceName": "front" },
      { "query.attributes": '{"a":"b"}' },
      { "query.durationMin": "1s" },
    ]) {
      const { status } = await ask("traces", { ...RANGE, "query.filter": filter, ...more });
      expect(status).toBe(400);
    }
  });

  it("is said among the capabilities", async () => {
    const { body } = await ask("capabilities");
    expect(body).toMatchObject({
      search: {
        withoutServiceName: true,
        paginated: true,
        filter: { levels: ["span", "resource", "scope", "event", "link"] },
      },
    });
  });
});

describe("pages", () => {
  const summaries = async (params: Record<string, string>) => {
    const { status, body } = await ask("trace-summaries", { ...RANGE, ...params });
    expect(status).toBe(200);
    return body as { summaries: { traceId: string }[]; nextPageToken?: string };
  };

  it("lead to every trace once, and end", async () => {
    const ids: string[] = [];
    let token: string | undefined = "";
    while (token !== undefined) {
      const page = await summaries({ "query.pagination.pageSize": "1", "query.pagination.pageToken": token });
      ids.push(...page.summaries.map(({ traceId }) => traceId));
      token = page.nextPageToken;
    }
    expect(ids).toEqual([idOf(3), idOf(2), idOf(1)]);
    expect((await summaries({ "query.searchDepth": "1" })).nextPageToken).toBeUndefined();
  });

  it("belong to their query, and exclude a search depth", async () => {
    const { nextPageToken = "" } = await summaries({ "query.pagination.pageSize": "1" });
    const refused = async (params: Record<string, string>) => {
      const { status, body } = await ask("trace-summaries", { ...RANGE, ...params });
      expect(status).toBe(400);
      return (body as { error: { message: string } }).error.message;
    };
    const page = { "query.pagination.pageSize": "1", "query.pagination.pageToken": nextPageToken };
    expect(await refused({ ...page, "query.serviceName": "front" })).toContain("another query");
    expect(await refused({ ...page, "query.pagination.pageToken": "x" })).toContain("no nextPageToken");
    expect(await refused({ "query.pagination.pageToken": nextPageToken })).toContain("pageSize is required");
    expect(await refused({ ...page, "query.searchDepth": "3" })).toContain("exclude each other");
    expect((await ask("traces", { ...RANGE, ...page })).status).toBe(400);
  });
});

describe("what is wrong is refused in the gateway's words", () => {
  const wrong: [path: string, params: Record<string, string>, message: string][] = [
    ["traces", {}, "query.startTimeMin and query.startTimeMax are required"],
    ["trace-summaries", { "query.startTimeMin": iso(T0) }, "are required"],
    ["trace-summaries", { "query.startTimeMin": "yesterday", "query.startTimeMax": iso(T0) }, "query.startTimeMin"],
    ["traces", { "query.start_time_min": "1", "query.startTimeMax": iso(T0) }, "query.start_time_min"],
    ["traces", { ...RANGE, "query.startTimeMax": "2026-02-30T00:00:00Z" }, "malformed parameter query.startTimeMax"],
    ["traces", { ...RANGE, "query.startTimeMax": iso(T0) }, "must be before"],
    ["traces", { ...RANGE, "query.searchDepth": "ten" }, "query.searchDepth"],
    ["traces", { ...RANGE, "query.searchDepth": "-1" }, "query.searchDepth"],
    ["traces", { ...RANGE, "query.searchDepth": "4294967296" }, "query.searchDepth"],
    ["traces", { ...RANGE, "query.searchDepth": "100001" }, "at most 100000"],
    ["traces", { ...RANGE, "query.num_traces": "x" }, "query.num_traces"],
    ["traces", { ...RANGE, "query.durationMin": "5" }, "query.durationMin"],
    ["traces", { ...RANGE, "query.durationMax": "1y" }, "query.durationMax"],
    ["traces", { ...RANGE, "query.durationMin": "2s", "query.durationMax": "1s" }, "query.durationMin"],
    ["traces", { ...RANGE, "query.attributes": "a=b" }, "query.attributes"],
    ["traces", { ...RANGE, "query.attributes": '{"a":1}' }, "query.attributes"],
    ["traces", { ...RANGE, "query.rawTraces": "yes" }, "query.rawTraces"],
    ["trace-summaries", { ...RANGE, "query.pagination.pageSize": "x" }, "query.pagination.pageSize"],
    ["operations", {}, "service"],
    ["operations", { service: "front", spanKind: "sever" }, "spanKind"],
    ["traces/xyz", {}, "trace_id"],
    [`traces/${"0".repeat(32)}`, {}, "trace_id"],
    [`traces/${"1".repeat(33)}`, {}, "trace_id"],
    [`traces/${idOf(1)}`, { startTime: "1" }, "startTime"],
    [`traces/${idOf(1)}`, { end_time: "1" }, "end_time"],
    [`traces/${idOf(1)}`, { rawTraces: "2" }, "rawTraces"],
    ["traces/%ff", {}, ""],
    ["dependencies", {}, "startTime"],
  ];
  it.each(wrong)("%s %j", async (path, params, message) => {
    const { status, body } = await ask(path, params);
    expect(body).toEqual({ error: { httpCode: 400, message: expect.stringContaining(message) } });
    expect(status).toBe(400);
  });

  it("nothing found is 404 for traces, and an empty list for summaries and names", async () => {
    const none = { error: { httpCode: 404, message: "No traces found" } };
    expect(await ask("traces", { ...RANGE, "query.serviceName": "nobody" })).toEqual({ status: 404, body: none });
    expect(await ask(`traces/${idOf(99)}`)).toEqual({ status: 404, body: none });
    expect(await ask("trace-summaries", { ...RANGE, "query.serviceName": "nobody" })).toEqual({
      status: 200,
      body: { summaries: [] },
    });
    expect(await ask("operations", { service: "nobody" })).toEqual({ status: 200, body: { operations: [] } });
  });

  it("the first of repeated parameters counts", async () => {
    const query = `query.startTimeMin=${iso(T0)}&query.startTimeMax=${iso(T0 + 9_000n * MS)}`;
    const url = `api/v3/trace-summaries?${query}&query.searchDepth=1&query.searchDepth=x`;
    const response = await fetch(new URL(url, collector.endpoints.ui));
    expect(summariesAnswer.parse(await response.json()).summaries).toHaveLength(1);
  });
});
