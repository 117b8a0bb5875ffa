import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { createTestCollector } from "../../src/testing/testing.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { eventually } from "../support/eventually.ts";
import { recordingFacts, replayAll } from "../support/recordings.ts";
import { describeWhere } from "../support/requires.ts";
import { goPeer } from "./go-programs.ts";
import { ServerProgram } from "./processes.ts";
import { zipkinJar } from "./tools.ts";

const run = promisify(execFile);
const collector = goPeer("collector");
const jar = zipkinJar();
const PROGRAM_MS = 100_000;

interface ZipkinSpan {
  readonly id: string;
  readonly parentId?: string;
  readonly name?: string;
  readonly localEndpoint?: { readonly serviceName?: string };
}

/** A Collector that takes OTLP over HTTP and writes it to a file. */
function startCollector(path: string): ServerProgram {
  return new ServerProgram({
    path: collector as string,
    args: ([port]) => {
      const config = {
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
        exporters: { file: { path } },
        service: {
          telemetry: { metrics: { level: "none" } },
          pipelines: { traces: { receivers: ["otlp"], exporters: ["file"] } },
        },
      };
      return ["--config", `yaml:${JSON.stringify(config)}`];
    },
    ready: async ([port]) => {
      const socket = connect(port as number, "127.0.0.1");
      await once(socket, "connect");
      socket.destroy();
    },
  });
}

function startZipkin(): ServerProgram {
  return new ServerProgram({
    path: "java",
    args: () => ["-Xmx512m", "-jar", jar as string],
    env: ([port]) => ({ QUERY_PORT: String(port), SERVER_PORT: String(port), STORAGE_TYPE: "mem" }),
    ready: async ([port]) => (await fetch(`http://127.0.0.1:${port}/health`)).ok,
  });
}

describeWhere(
  collector !== undefined && jar !== undefined,
  "the Collector cannot be built, or Java, Maven or Zipkin is missing",
  "what a real Collector's file exporter wrote",
  () => {
    it("replays into us and into a real Zipkin as the same trees", async () => {
      const folder = mkdtempSync(join(tmpdir(), "spanloom-recordings-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const path = join(folder, "recorded.jsonl");
      const theirs = startCollector(path);
      await theirs.start();
      onTestFinished(() => theirs.stop());
      const { allTraces, spans } = recordingFacts("node-shop");
      await replayAll(`http://127.0.0.1:${theirs.port()}`, ["node-shop"]);
      // It flushes when it ends.
      await theirs.stop();
      expect(readFileSync(path, "utf8")).toMatch(/^\{"resourceSpans":\[/);

      await using ours = await createTestCollector();
      const zipkin = startZipkin();
      await zipkin.start();
      onTestFinished(() => zipkin.stop());
      const url = `http://127.0.0.1:${zipkin.port()}`;
      const args = [MAIN, "replay", "--json", "--to", `otlphttp=${ours.url},zipkin=${url}/api/v2/spans`, path];
      const { stdout } = await run(process.execPath, args, { env: plainEnvironment(), timeout: PROGRAM_MS });
      expect(JSON.parse(stdout)).toMatchObject({ spans, rejectedSpans: 0, badLines: 0, collidingSpans: 0 });

      const traces = await ours.traces();
      expect(traces).toHaveLength(allTraces.length);
      for (const trace of traces) {
        const shown = await eventually(`trace ${trace.traceId} in Zipkin`, async () => {
          const response = await fetch(`${url}/api/v2/trace/${trace.traceId}`);
          if (!response.ok) return false;
          // Its writer counts a replaced surrogate as three bytes and leaves zero bytes at the end.
          const list = JSON.parse((await response.text()).replace(/\0+$/, "")) as ZipkinSpan[];
          return list.length >= trace.spans.length ? list : false;
        });
        const tree = trace.spans.map(({ spanId, parentSpanId, service, name }) =>
          `${spanId} < ${parentSpanId ?? ""} ${service} ${name}`.toLowerCase(),
        );
        const theirTree = shown.map(({ id, parentId, localEndpoint, name }) =>
          `${id} < ${parentId ?? ""} ${localEndpoint?.serviceName} ${name}`.toLowerCase(),
        );
        expect(theirTree.sort()).toEqual(tree.sort());
      }
    });
  },
);
