import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { describeWhere } from "../support/requires.ts";
import { goProgram, javaAgent } from "./tools.ts";

/** The programs of docs/getting-started.md, as a reader copies them. */
const PAGE = readFileSync(new URL("../../docs/getting-started.md", import.meta.url), "utf8");
const PROGRAM_MS = 100_000;

const run = promisify(execFile);
const agent = javaAgent();
const program = goProgram(listing("go"));

let collector: Collector;
beforeAll(async () => {
  collector = await createCollector();
});
afterAll(() => collector?.shutdown());

/** The only listing of a language. */
function listing(language: string): string {
  const found = [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))];
  expect(found).toHaveLength(1);
  return found[0]?.[1] as string;
}

function environment(service: string, protocol: string): NodeJS.ProcessEnv {
  const { otlpGrpc, otlpHttp } = collector.endpoints;
  return {
    ...process.env,
    OTEL_SERVICE_NAME: service,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "grpc" ? `http://${otlpGrpc}` : otlpHttp,
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
  };
}

interface Found {
  readonly operationName: string;
  readonly references: readonly unknown[];
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}

/** The spans of each trace of a service, in the order in which they began. */
async function traces(service: string): Promise<Found[][]> {
  const response = await fetch(`${collector.endpoints.ui}api/traces?service=${service}&limit=100`);
  const { data } = (await response.json()) as { data: { spans: (Found & { startTime: number })[] }[] };
  return data.map(({ spans }) => spans.sort((a, b) => a.startTime - b.startTime));
}

describeWhere(
  agent !== undefined,
  "Java, Maven or the agent is missing",
  "the Java program, under OpenTelemetry's agent",
  () => {
    it.each(["grpc", "http/protobuf"])("sends its request and the server's part of it over %s", async (protocol) => {
      const folder = mkdtempSync(join(tmpdir(), "spanloom-java-"));
      try {
        writeFileSync(join(folder, "App.java"), listing("java"));
        const service = `java-${protocol.replace("/", "-")}`;
        await run("java", [`-javaagent:${agent}`, "App.java"], {
          cwd: folder,
          env: environment(service, protocol),
          timeout: PROGRAM_MS,
        });
        const [trace, ...more] = await traces(service);
        expect(more).toEqual([]);
        const kinds = trace?.map(({ tags }) => tags.find(({ key }) => key === "span.kind")?.value);
        expect(kinds).toEqual(["client", "server"]);
        expect(trace?.[1]?.references).toHaveLength(1);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  },
);

describeWhere(program !== undefined, "Go is missing, or its SDK cannot be had", "the Go program", () => {
  it("sends its span", async () => {
    await run(program as string, [], { env: environment("go", "http/protobuf"), timeout: PROGRAM_MS });
    expect((await traces("go")).map((trace) => trace.map(({ operationName }) => operationName))).toEqual([
      ["checkout"],
    ]);
  });
});
