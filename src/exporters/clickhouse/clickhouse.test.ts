import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { fixtureFragments, fragmentOfNames } from "../../../test/support/fragments.ts";
import { recordingHost } from "../../../test/support/host.ts";
import { OTLP_COLUMN, TRACES_COLUMNS } from "../../codec/clickhouse/traces-row.ts";
import type { Exporter } from "../../component/export.ts";
import type { LogFragment } from "../../model/log.ts";
import { countSpans } from "../outcome.ts";
import { clickhouseExporter } from "./clickhouse.ts";
import { createTables } from "./ddl.ts";

const NEVER = new AbortController().signal;

interface Seen {
  readonly query: string;
  readonly settings: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly rows: readonly Record<string, unknown>[];
}
type Answer = string | { readonly status: number; readonly words: string };

const TYPES: Readonly<Record<string, string>> = {
  Timestamp: "DateTime64(9)",
  Duration: "UInt64",
  ResourceAttributes: "Map(LowCardinality(String), String)",
  SpanAttributes: "Map(LowCardinality(String), String)",
  "Events.Timestamp": "Array(DateTime64(9))",
  "Events.Attributes": "Array(Map(LowCardinality(String), String))",
  "Links.Attributes": "Array(Map(LowCardinality(String), String))",
};
const columns = (names: readonly string[], types = TYPES) =>
  JSON.stringify({ data: names.map((name) => ({ name, type: types[name] ?? "String" })) });
const OURS = columns([...TRACES_COLUMNS, OTLP_COLUMN]);
const DEDUPLICATES = engine("MergeTree", "MergeTree SETTINGS non_replicated_deduplication_window = 10000");

function engine(name: string, full: string): string {
  return JSON.stringify({ data: [{ engine: name, engine_full: full }] });
}

const problem = (code: number, words: string, status = 500): Answer => ({
  status,
  words: `Code: ${code}. DB::Exception: ${words}`,
});

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** What is asked of a server that answers as it is told, and an exporter that asks it. */
async function rig(answer: (seen: Seen) => Answer, config: object = {}) {
  const seen: Seen[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw).toString();
      const settings = new URL(request.url ?? "", "http://localhost").searchParams;
      const query = settings.get("query") ?? text;
      const lines = settings.has("query") ? text.split("\n").filter(Boolean) : [];
      const one = { query, settings, headers: request.headers, rows: lines.map((line) => JSON.parse(line)) };
      seen.push(one);
      const said = answer(one);
      if (typeof said !== "string") response.statusCode = said.status;
      response.end(typeof said === "string" ? said : said.words);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = recordingHost();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const exporter: Exporter = clickhouseExporter.create(
    { name: "clickhouse", writeStdout: () => {} },
    clickhouseExporter.config.parse({ endpoint, ...config }),
  );
  await exporter.start(host);
  open.push(() => exporter.shutdown(NEVER));
  const send = (fragments: readonly LogFragment[], range = "log 7") => exporter.export(fragments, NEVER, range);
  const inserts = () => seen.filter(({ query }) => query.startsWith("INSERT"));
  return { seen, inserts, send, lines: host.lines };
}

/** A table that is there, as one of ours; inserts are answered by `insert`. */
function ready(insert: (seen: Seen) => Answer = () => "") {
  return (seen: Seen): Answer => {
    if (seen.query.startsWith("DESCRIBE")) return OURS;
    if (seen.query.includes("system.tables")) return DEDUPLICATES;
    return seen.query.startsWith("INSERT") ? insert(seen) : "";
  };
}

const spans = (...names: string[]) => [fragmentOfNames(names)];

describe("the clickhouse exporter", () => {
  it("inserts rows that are stored when they are answered, with who sends them", async () => {
    const { send, inserts } = await rig(ready(), { username: "writer", password: "s3cret", database: "otel" });
    const all = fixtureFragments("node-shop", 100);
    expect(await send(all)).toEqual({ type: "delivered" });
    const sent = inserts();
    expect(sent.flatMap(({ rows }) => rows)).toHaveLength(countSpans(all));
    for (const { headers, settings, query } of sent) {
      expect(headers).toMatchObject({ "x-clickhouse-user": "writer", "x-clickhouse-key": "s3cret" });
      expect(query).toMatch(
        /^INSERT INTO `otel`\.`otel_traces` \(`Timestamp`, .*, `SpanloomOtlp`\) FORMAT JSONEachRow$/,
      );
      expect(settings.get("async_insert")).toBe("0");
    }
  });

  it("names equal inserts equally, and others otherwise", async () => {
    const { send, inserts } = await rig(ready());
    await send(spans("a", "b"), "log 1");
    await send(spans("a", "b"), "log 1");
    await send(spans("a", "b"), "log 2");
    await send(spans("a", "c"), "log 1");
    const tokens = inserts().map(({ settings }) => settings.get("insert_deduplication_token"));
    expect(tokens[0]).toMatch(/^[0-9a-f]{64}-\d+$/);
    expect(tokens[1]).toBe(tokens[0]);
    expect(new Set(tokens).size).toBe(3);
  });

  it("makes an insert for each day", async () => {
    const { send, inserts } = await rig(ready());
    const days = ["node-shop", "telemetrygen", "python-shop"].flatMap((name) =>
      fixtureFragments(name as "node-shop", 100),
    );
    await send(days);
    for (const { rows } of inserts()) {
      const found = new Set(rows.map(({ Timestamp }) => Math.floor(Number(Timestamp) / 86_400)));
      expect(found.size).toBe(1);
    }
    expect(new Set(inserts().map(({ settings }) => settings.get("insert_deduplication_token"))).size).toBe(
      inserts().length,
    );
  });

  it("makes what is missing, once", async () => {
    let made = 0;
    const { send, seen, lines } = await rig((one) => {
      if (one.query.startsWith("DESCRIBE")) return made < 4 ? problem(60, "Table does not exist", 404) : OURS;
      if (one.query.startsWith("CREATE")) made++;
      return one.query.includes("system.tables") ? DEDUPLICATES : "";
    });
    expect(await send(spans("a"))).toEqual({ type: "delivered" });
    await send(spans("b"));
    const statements = seen.filter(({ query }) => query.startsWith("CREATE")).map(({ query }) => query.split("\n")[0]);
    expect(statements).toEqual([
      "CREATE DATABASE IF NOT EXISTS `default`",
      "CREATE TABLE IF NOT EXISTS `default`.`otel_traces` (",
      "CREATE TABLE IF NOT EXISTS `default`.`otel_traces_trace_id_ts` (",
      "CREATE MATERIALIZED VIEW IF NOT EXISTS `default`.`otel_traces_trace_id_ts_mv`",
    ]);
    expect(lines.map(({ message }) => message)).toEqual(["made the tables of spans"]);
  });

  it("writes into a table of the Collector's, and says that it cannot drop repetitions", async () => {
    const { send, inserts, seen, lines } = await rig((one) => {
      if (one.query.startsWith("DESCRIBE")) return columns(TRACES_COLUMNS);
      return one.query.includes("system.tables")
        ? engine("MergeTree", "MergeTree SETTINGS index_granularity = 8192")
        : "";
    });
    await send(fixtureFragments("python-shop", 100));
    await send(spans("a"));
    expect(seen.some(({ query }) => query.startsWith("CREATE"))).toBe(false);
    const rows = inserts().flatMap((one) => one.rows);
    expect(rows[0]).not.toHaveProperty(OTLP_COLUMN);
    expect(rows.some(({ SpanAttributes }) => "spanloom.otlp" in (SpanAttributes as object))).toBe(true);
    expect(lines).toMatchObject([
      { level: "warn", message: "spans come at least once: the table does not drop an insert that it has already" },
    ]);
  });

  it.each([
    [
      "no table",
      () => problem(60, "Table default.otel_traces does not exist", 404),
      /there is no table .*create_schema/,
    ],
    [
      "another table",
      () => columns(["Timestamp", "TraceId"]),
      /is another table: it has no columns SpanId, .*expected/,
    ],
    [
      "a column of another type",
      () => columns(TRACES_COLUMNS, { ...TYPES, SpanAttributes: "JSON" }),
      /its column SpanAttributes is JSON; expected Map/,
    ],
    ["a wrong password", () => problem(516, "Authentication failed", 403), /`username` and `password` decide/],
    ["another server", () => "<html>hello</html>", /none of ClickHouse's/],
    ["an error page", () => ({ status: 502, words: "bad gateway" }), /bad gateway/],
  ])("keeps spans and says what is wrong: %s", async (_what, described, words) => {
    const { send, inserts } = await rig((one) => (one.query.startsWith("DESCRIBE") ? described() : ""), {
      create_schema: false,
    });
    expect(await send(spans("a"))).toEqual({ type: "retry", reason: expect.stringMatching(words) });
    expect(inserts()).toEqual([]);
  });

  it.each([
    [164, "the user may only read"],
    [170, "no such cluster"],
    [242, "cannot write"],
    [252, "too many parts"],
    [241, "short of memory"],
  ])("keeps spans that are not taken now: code %i", async (code, words) => {
    const { send } = await rig(ready(() => problem(code, "no")));
    expect(await send(spans("a"))).toEqual({ type: "retry", reason: expect.stringContaining(words) });
  });

  const cannotRead = (...names: string[]) =>
    ready(({ rows }) => (rows.some(({ SpanName }) => names.includes(SpanName as string)) ? problem(27, "no") : ""));

  it("looks for the row that the server cannot read, and stores all others under names that stay", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const { send, inserts } = await rig(cannotRead("n17", "n30"));
    expect(await send(spans(...names))).toMatchObject({
      type: "rejected",
      count: 2,
      reason: expect.stringContaining("no"),
    });
    const tokens = () => inserts().map(({ settings }) => settings.get("insert_deduplication_token"));
    const first = tokens();
    expect(new Set(first).size).toBe(first.length);
    const stored = inserts().filter(
      ({ rows }) => !rows.some(({ SpanName }) => SpanName === "n17" || SpanName === "n30"),
    );
    expect(stored.flatMap(({ rows }) => rows)).toHaveLength(38);
    await send(spans(...names));
    expect(tokens().slice(first.length)).toEqual(first);
  });

  it("keeps spans where it is no matter of some rows", async () => {
    const names = Array.from({ length: 500 }, (_, i) => `n${i}`);
    const { send } = await rig(cannotRead(...names));
    expect(await send(spans(...names))).toMatchObject({ type: "retry", reason: expect.stringContaining("many rows") });
  });

  it("goes on with other days where what stands before the server refuses one", async () => {
    const days = ["node-shop", "telemetrygen", "python-shop"].flatMap((name) =>
      fixtureFragments(name as "node-shop", 100),
    );
    let refused = 0;
    const { send, inserts } = await rig(
      ready(({ rows }) => {
        if (refused > 0) return "";
        refused = rows.length;
        return { status: 400, words: "bad request" };
      }),
    );
    expect(await send(days)).toEqual({
      type: "rejected",
      count: refused,
      reason: expect.stringContaining("bad request"),
    });
    expect(inserts().flatMap(({ rows }) => rows)).toHaveLength(countSpans(days));
  });

  it("looks at the table again once it has changed", async () => {
    let dropped = false;
    const { send, seen } = await rig(
      ready(() => {
        if (!dropped) return "";
        dropped = false;
        return problem(16, "No such column SpanloomOtlp");
      }),
    );
    await send(spans("a"));
    dropped = true;
    expect(await send(spans("b"))).toMatchObject({
      type: "retry",
      reason: expect.stringContaining("column is missing"),
    });
    expect(await send(spans("b"))).toEqual({ type: "delivered" });
    expect(seen.filter(({ query }) => query.startsWith("DESCRIBE"))).toHaveLength(2);
  });

  it("has tables for replicas and for shards", () => {
    const config = clickhouseExporter.config.parse({
      database: "otel",
      engine: "ReplicatedMergeTree",
      cluster: "{cluster}",
      distributed: true,
      ttl_days: 3,
    });
    const made = createTables(config).map((statement) => statement.replace(/\s+/g, " "));
    expect(made).toHaveLength(5);
    expect(made[0]).toMatch(/^CREATE TABLE IF NOT EXISTS `otel`\.`otel_traces_local` ON CLUSTER '\{cluster\}' \(/);
    expect(made[0]).toMatch(
      /ENGINE = ReplicatedMergeTree PARTITION .* TTL toDateTime\(Timestamp\) \+ toIntervalDay\(3\)/,
    );
    expect(made[0]).not.toContain("non_replicated");
    expect(made[2]).toContain("Distributed('{cluster}', 'otel', 'otel_traces_local', cityHash64(TraceId))");
    expect(made[4]).toMatch(/_mv` .* TO `otel`\.`otel_traces_trace_id_ts_local` .* FROM `otel`\.`otel_traces_local` /);
  });

  it.each([
    [{ distributed: true }, "distributed needs a cluster"],
    [{ table: "a`b" }, "expected letters"],
    [{ engine: "Log; DROP TABLE x" }, "expected MergeTree"],
    [{ cluster: "a'b" }, "expected the name of a cluster"],
    [{ endpoint: "http://user:secret@localhost:8123" }, "credentials do not belong into the URL"],
  ])("refuses a config that cannot be: %j", (config, words) => {
    const { error } = clickhouseExporter.config.safeParse(config);
    expect(error?.issues.map(({ message }) => message).join()).toContain(words);
  });
});
