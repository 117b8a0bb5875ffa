import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { createCollector } from "../../src/app/collector.ts";
import { recordingHost } from "../support/host.ts";
import { describeWhere } from "../support/requires.ts";
import { javaAgent } from "./tools.ts";

const run = promisify(execFile);
const agent = javaAgent();
const PROGRAM = new URL("programs/Shop.java", import.meta.url).pathname;
const REQUESTS = 40;
/** What the agent says of itself at every start. */
const GREETING = /VersionLogger - opentelemetry-javaagent - version/;

interface Trace {
  readonly spans: readonly { readonly references: readonly unknown[] }[];
}

// With the defaults traces, metrics and logs are sent, the latter two to a store of traces alone.
describeWhere(agent !== undefined, "Java, Maven or the agent is missing", "OpenTelemetry's Java agent", () => {
  it.each([
    ["with its defaults", "http", {}],
    ["over gRPC", "grpc", { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }],
  ])("%s: every span arrives, metrics and logs are answered, and neither side complains", async (_, port, env) => {
    const { logger, lines } = recordingHost();
    const collector = await createCollector({}, { logger });
    onTestFinished(() => collector.shutdown());
    const { otlpHttp, otlpGrpc, ui } = collector.endpoints;
    const OTEL_EXPORTER_OTLP_ENDPOINT = port === "grpc" ? `http://${otlpGrpc}` : (otlpHttp as string);
    const { stderr } = await run("java", [`-javaagent:${agent}`, PROGRAM, String(REQUESTS)], {
      env: { ...process.env, OTEL_SERVICE_NAME: "shop", OTEL_EXPORTER_OTLP_ENDPOINT, ...env },
    });

    const answer = (await (await fetch(`${ui}api/traces?service=shop&limit=1000`)).json()) as { data: Trace[] };
    expect(answer.data).toHaveLength(REQUESTS);
    // A client's request, and the server's part of it.
    for (const { spans } of answer.data)
      expect(spans.map(({ references }) => references.length).sort()).toEqual([0, 1]);

    const agentSays = stderr.split("\n").filter((line) => line.startsWith("[otel.javaagent") && !GREETING.test(line));
    expect(agentSays).toEqual([]);
    const warnings = lines.filter(({ level }) => level === "warn" || level === "error");
    expect(warnings.map(({ message }) => message).sort()).toEqual([
      "logs arrive and are dropped: only traces are stored",
      "metrics arrive and are dropped: only traces are stored",
    ]);
    const metrics = await (await fetch(`${ui}metrics`)).text();
    const dropped = (signal: string): number =>
      Number(
        new RegExp(`^spanloom_receiver_dropped_other_records_total\\{.*${signal}.*\\} (\\d+)$`, "m").exec(metrics)?.[1],
      );
    expect(dropped("logs")).toBe(REQUESTS);
    expect(dropped("metrics")).toBeGreaterThan(0);
  });
});
