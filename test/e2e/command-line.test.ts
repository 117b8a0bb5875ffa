import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { recordingPath } from "../support/recordings.ts";
import { itWhere } from "../support/requires.ts";

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");
const FREE = ["--otlp-grpc", "--otlp-http", "--ui", "--registry-api"].flatMap((flag) => [flag, "127.0.0.1:0"]);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function spanloom(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const result = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 30_000,
    env: { PATH: process.env.PATH ?? "", ...environment },
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

describe("wrong settings", () => {
  it("names an unknown key of the config file and the nearest right one", () => {
    writeFileSync(join(folder, "spanloom.yaml"), "storage:\n  pth: /tmp/x\nexportes: {}\n");
    const { code, err } = spanloom([]);
    expect(code).toBe(2);
    expect(err).toContain("spanloom: 2 problems in the config:");
    expect(err).toContain('spanloom.yaml:2:3: storage.pth: unknown key; did you mean "path"?');
    expect(err).toContain('spanloom.yaml:3:1: exportes: unknown key; did you mean "exporters"?');
  });

  it("names line and column of broken YAML", () => {
    writeFileSync(join(folder, "broken.yaml"), "storage:\n  kind: [memory\n");
    const { code, err } = spanloom(["-c", "broken.yaml"]);
    expect(code).toBe(2);
    expect(err).toMatch(/broken\.yaml:\d+:\d+: not valid YAML/);
  });

  it("names a missing config file", () => {
    const { code, err } = spanloom(["--config", "nowhere.yaml"]);
    expect(code).toBe(2);
    expect(err).toContain("nowhere.yaml: cannot read the config file: no such file");
  });

  it("names the environment variable's setting and what was expected", () => {
    const { code, err } = spanloom(FREE, { SPANLOOM_STORAGE__KIND: "disk" });
    expect(code).toBe(2);
    expect(err).toContain("spanloom: environment SPANLOOM_STORAGE__KIND: storage.kind:");
    expect(err).toContain('"sqlite"');
    expect(err).toContain('"disk"');
  });

  it("starts in a pod whose Service is called spanloom, and names a variable that is mistyped", () => {
    const links = {
      SPANLOOM_SERVICE_HOST: "10.96.0.12",
      SPANLOOM_SERVICE_PORT: "4317",
      SPANLOOM_PORT: "tcp://10.96.0.12:4317",
      SPANLOOM_PORT_4317_TCP_ADDR: "10.96.0.12",
      SPANLOOM_DEBUG: "1",
    };
    expect(spanloom(["config", "check"], links)).toMatchObject({ code: 0, out: "the config is good\n" });
    const { code, err } = spanloom(["config", "check"], { ...links, SPANLOOM_STORAGE_PATH: "/data" });
    expect(code).toBe(2);
    expect(err).toContain("environment SPANLOOM_STORAGE_PATH: no such setting; did you mean SPANLOOM_STORAGE__PATH?");
  });

  it("finds everything that cannot be opened, without starting", () => {
    writeFileSync(
      join(folder, "spanloom.yaml"),
      "storage:\n  path: file/data\nui: { endpoint: '192.0.2.1:16686' }\nproxy:\n  routes:\n" +
        "    - { prefix: /a, upstream: 'http://127.0.0.1:9' }\n    - { prefix: /a, upstream: 'http://127.0.0.1:8' }\n",
    );
    writeFileSync(join(folder, "file"), "");
    const { code, err } = spanloom(["config", "check"]);
    expect(code).toBe(2);
    expect(err).toContain("spanloom.yaml:2:3: storage.path: ");
    expect(err).toContain("spanloom.yaml:3:7: ui.endpoint: that is no address of this machine");
    expect(err).toContain("spanloom.yaml:7:7: proxy.routes[1]: takes the same requests as proxy.routes[0]");
    const json = spanloom(["config", "check", "--json"]);
    expect(json.code).toBe(2);
    expect((JSON.parse(json.out) as { problems: string[] }).problems).toHaveLength(3);
  });

  it("names an unknown exporter type and key", () => {
    const unknown = spanloom([...FREE, "--set", "exporters.zipkn.endpoint=http://localhost:1"]);
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain('exporters.zipkn: unknown type "zipkn"; did you mean "zipkin"?');
    const key = spanloom([...FREE, "--set", "exporters.zipkin.endpont=http://localhost:1"]);
    expect(key.code).toBe(2);
    expect(key.err).toContain('exporters.zipkin.endpont: unknown key; did you mean "endpoint"?');
  });

  it("refuses an unknown flag and an unknown command", () => {
    expect(spanloom(["--prot", "1"]).code).toBe(2);
    expect(spanloom(["reply", "x"]).code).toBe(2);
  });

  it("shows help with examples", () => {
    for (const args of [["--help"], ["serve", "--help"], ["replay", "--help"]]) {
      const { code, out } = spanloom(args);
      expect(code).toBe(0);
      expect(out).toContain("Usage:");
    }
    expect(spanloom(["replay", "--help"]).out).toContain("Examples:");
  });
});

describe("a place that cannot be used", () => {
  it("names a taken port and how to choose another", async () => {
    const server = await new Promise<Server>((done) => {
      const made = createServer().listen(0, "127.0.0.1", () => done(made));
    });
    const { port } = server.address() as { port: number };
    const { code, err } = spanloom(["--storage", "memory", ...FREE, "--ui", `127.0.0.1:${port}`]);
    await new Promise((done) => server.close(done));
    expect(code).toBe(4);
    expect(err).toContain(`127.0.0.1:${port}`);
    expect(err).toContain("ui.endpoint");
  });

  it("names a data folder that is in use, and the process that uses it", async () => {
    const data = join(folder, "data");
    const running = await createCollector({ storage: { kind: "sqlite", path: data } });
    const { code, err } = spanloom(["--data", data, ...FREE]);
    await running.shutdown();
    expect(code).toBe(3);
    expect(err).toContain(data);
    expect(err).toContain(String(process.pid));
  });

  it("names a data folder that is a file", () => {
    writeFileSync(join(folder, "data"), "not a folder");
    const { code, err } = spanloom(["--data", join(folder, "data"), ...FREE]);
    expect(code).toBe(3);
    expect(err).toContain(join(folder, "data"));
  });

  itWhere(process.getuid?.() !== 0, "root may write anywhere", "names a data folder that cannot be written", () => {
    const data = join(folder, "data");
    mkdirSync(data);
    chmodSync(data, 0o500);
    const { code, err } = spanloom(["--data", data, ...FREE]);
    expect(code).toBe(3);
    expect(err).toContain(data);
  });
});

describe("replay", () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await createCollector();
  });
  afterEach(() => collector.shutdown());

  const replay = (...args: string[]) => {
    // The collector runs in this process, so the command must not block it.
    return new Promise<{ code: number | null; out: string; err: string }>((done) => {
      import("node:child_process").then(({ execFile }) => {
        const child = execFile(
          process.execPath,
          [MAIN, "replay", "--endpoint", collector.endpoints.otlpHttp as string, ...args],
          { cwd: folder },
          (_error, out, err) => done({ code: child.exitCode, out, err }),
        );
      });
    });
  };

  it("sends a recording and tells what it sent", async () => {
    const { code, out } = await replay("--json", recordingPath("node-shop"));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ files: 1, requests: 13, spans: 766, rejectedSpans: 0, badLines: 0 });
  });

  it("gives fresh ids and the present time on request, keeping every relation", async () => {
    const { code } = await replay("--fresh-ids", "--at", "now", recordingPath("node-shop"));
    expect(code).toBe(0);
    const since = (Date.now() - 60_000) * 1000;
    const response = await fetch(`${collector.endpoints.ui}api/traces?service=frontend&start=${since}&limit=1000`);
    const traces = ((await response.json()) as { data: { traceID: string; spans: unknown[] }[] }).data;
    expect(traces.length).toBeGreaterThan(20);
    expect(traces.some((trace) => trace.spans.length === 170)).toBe(true);
    expect(traces.some((trace) => trace.traceID === "1f5628cb9eb2e5d8379d0d6cad715408")).toBe(false);
  });

  it("names a bad line, sends the rest and exits with 1", async () => {
    const good =
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"x"}]}]}]}';
    writeFileSync(join(folder, "mixed.jsonl"), `${good}\n{"resourceSpans":[{]}\n`);
    const { code, out, err } = await replay("mixed.jsonl");
    expect(code).toBe(1);
    expect(out).toContain("sent 1 span in 1 request");
    expect(err).toContain("mixed.jsonl:2: left out:");
  });

  it("names a file that is not there and a collector that does not answer", async () => {
    expect(await replay("nothing.jsonl")).toMatchObject({ code: 2, err: expect.stringContaining("nothing.jsonl") });
    const { code, err } = spanloom(["replay", "--endpoint", "http://127.0.0.1:9", recordingPath("node-shop")]);
    expect(code).toBe(5);
    expect(err).toContain("no collector answers at http://127.0.0.1:9/v1/traces");
  });
});

describe("a running collector", () => {
  let collector: Collector;
  let url: string;
  beforeAll(async () => {
    collector = await createCollector();
    url = collector.endpoints.ui;
    const bodies = readFileSync(recordingPath("node-shop"), "utf8").trim().split("\n");
    for (const body of [...bodies, deepChain(50_000)]) {
      const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      expect(response.status).toBe(200);
    }
  });
  afterAll(() => collector.shutdown());

  const ask = (...args: string[]) => run(args, { SPANLOOM_URL: url });
  const json = async (...args: string[]) => JSON.parse((await ask(...args, "--json")).out);

  it("is found by SPANLOOM_URL, and lists what it knows", async () => {
    expect(await json("status")).toMatchObject({ ready: true, notReady: null, storage: { spans: 50_766 } });
    expect((await ask("status")).out).toContain("50766 spans");
    const { services } = (await json("list", "service")) as { services: { name: string; operations: number }[] };
    expect((await ask("list", "services")).out.trim().split("\n")).toEqual(services.map(({ name }) => name));
    const { operations } = await json("list", "operations", "chain");
    expect(operations).toEqual([{ name: "step", kind: "internal" }]);
    expect(await ask("list", "operations", "nobody")).toMatchObject({
      code: 1,
      err: "spanloom: no service is called nobody; `spanloom list services` has all names\n",
    });
  });

  it("shows a trace by the first digits of its id, and lists several that fit", async () => {
    const { traces } = (await json("search", "--limit", "1000")) as { traces: { traceId: string }[] };
    const ids = traces.map(({ traceId }) => traceId);
    const [first = ""] = ids.filter((id) => ids.filter((other) => other.startsWith(id.slice(0, 8))).length === 1);
    expect((await ask("trace", first.slice(0, 8))).out).toContain(first);
    expect((await ask("trace", Buffer.from(first, "hex").toString("base64url"))).out).toContain(first);
    expect((await run(["trace", `${url}trace/${first}`])).out).toContain(first);
    const digit = "0123456789abcdef".split("").find((one) => ids.filter((id) => id.startsWith(one)).length > 1) ?? "";
    const { code, err } = await ask("trace", digit);
    expect(code).toBe(2);
    expect(err).toContain(`spanloom: ${digit} fits several traces; give more digits\n`);
    for (const id of ids.filter((one) => one.startsWith(digit)).slice(0, 20)) expect(err).toContain(id);
    expect(await ask("trace", "ffffffffffff")).toMatchObject({ code: 1, err: expect.stringContaining("no trace is") });
  });

  it("shows a chain of 50,000 spans", async () => {
    const { code, out } = await ask("trace", CHAIN);
    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(50_000 + 3);
    expect(out.length).toBeLessThan(50_000 * 250);
  });

  it("says what it deleted", async () => {
    expect((await ask("db", "delete", CHAIN)).out).toBe(`deleted 1 trace from the collector at ${url}\n`);
    const again = await ask("db", "delete", CHAIN);
    expect(again).toMatchObject({ code: 1, err: `spanloom: ${CHAIN}: nothing is stored of this trace\n` });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("output", () => {
  itWhere(existsSync("/dev/full"), "there is no /dev/full", "that cannot be written is an error", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [MAIN, "config", "schema"], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    closeSync(full);
    expect([status, stderr]).toEqual([1, "spanloom: stdout cannot be written: no space is left on the disk\n"]);
  });

  it("ends quietly where its reader does, and errors have one beginning", () => {
    const command = `"${process.execPath}" "${MAIN}" config schema; echo "code $?" >&2`;
    const { stdout, stderr } = spawnSync("sh", ["-c", `{ ${command}; } | head -c 1`], { encoding: "utf8" });
    expect([stdout, stderr]).toEqual(["{", "code 0\n"]);
    for (const args of [
      ["nope"],
      ["search", "--nope"],
      ["trace"],
      ["trace", "xyz"],
      ["db", "delete"],
      ["-c", "nope"],
    ]) {
      expect(spanloom(args).err).toMatch(/^spanloom: /);
    }
  });
});

const CHAIN = "c0".repeat(16);

/** A span in a span in a span, as OTLP JSON. */
function deepChain(count: number): string {
  const id = (number: number) => number.toString(16).padStart(16, "0");
  const spans = Array.from({ length: count }, (_, i) => ({
    traceId: CHAIN,
    spanId: id(i + 1),
    parentSpanId: i === 0 ? "" : id(i),
    name: "step",
    kind: 1,
    startTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(i)),
    endTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(2 * count - i)),
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "chain" } }] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

/** As `spanloom`, while this process goes on. */
async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "", ...environment },
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: code as number | null, out, err };
}
