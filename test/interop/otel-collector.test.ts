import { once } from "node:events";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { eventually } from "../support/eventually.ts";
import { recordingHost } from "../support/host.ts";
import { serviceWith, spanWith } from "../support/otlp-spans.ts";
import { describeWhere } from "../support/requires.ts";
import { goPeer } from "./go-programs.ts";
import { ServerProgram } from "./processes.ts";

const program = goPeer("collector");
const SPANS = 500;

/** By the name of the Collector's exporter: its kind and what it is told. */
const EXPORTERS: Readonly<Record<string, object>> = {
  "otlphttp/default": {},
  "otlphttp/none": { compression: "none" },
  "otlphttp/gzip": { compression: "gzip" },
  "otlphttp/zstd": { compression: "zstd" },
  "otlphttp/deflate": { compression: "deflate" },
  "otlphttp/zlib": { compression: "zlib" },
  "otlphttp/json": { encoding: "json" },
  "otlp/default": {},
  "otlp/none": { compression: "none" },
  "otlp/gzip": { compression: "gzip" },
};
const NAMES = Object.keys(EXPORTERS);

/** Resolves when something listens there. */
async function listens(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
}

/** A Collector with a receiver and a pipeline for each of the exporters, which send to `to`. */
async function startOtelCollector(
  exporters: Readonly<Record<string, object>>,
  to: Collector,
  receives: "http" | "grpc" = "http",
): Promise<ServerProgram> {
  const { otlpHttp, otlpGrpc } = to.endpoints;
  const names = Object.keys(exporters);
  const labelled = <T>(make: (name: string, index: number) => T, kind: string): Record<string, T> =>
    Object.fromEntries(names.map((name, index) => [`${kind}/${index}`, make(name, index)]));
  const collector = new ServerProgram({
    path: program as string,
    ports: names.length,
    args: (ports) => {
      const receiver = (_: string, index: number) => ({
        protocols: { [receives]: { endpoint: `127.0.0.1:${ports[index]}` } },
      });
      const sending = (name: string) =>
        name.startsWith("otlphttp") ? { endpoint: otlpHttp } : { endpoint: otlpGrpc, tls: { insecure: true } };
      const pipeline = (name: string, index: number) => ({ receivers: [`otlp/${index}`], exporters: [name] });
      const config = {
        receivers: labelled(receiver, "otlp"),
        exporters: Object.fromEntries(names.map((name) => [name, { ...sending(name), ...exporters[name] }])),
        service: {
          telemetry: { metrics: { level: "none" } },
          pipelines: {
            ...labelled(pipeline, "traces"),
            ...labelled(pipeline, "metrics"),
            ...labelled(pipeline, "logs"),
          },
        },
      };
      return ["--config", `yaml:${JSON.stringify(config)}`];
    },
    ready: (ports) => Promise.all(ports.map(listens)),
  });
  await collector.start();
  onTestFinished(() => collector.stop());
  return collector;
}

let made = 0;
async function send(port: number, service: string): Promise<void> {
  const startTimeUnixNano = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: SPANS }, () => {
    made++;
    const spanId = made.toString(16).padStart(16, "0");
    return spanWith({
      traceId: spanId.padStart(32, "0"),
      spanId,
      startTimeUnixNano,
      endTimeUnixNano: startTimeUnixNano,
    });
  });
  const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces([serviceWith(service, spans)]),
  });
  expect(answer.status).toBe(200);
}

async function stored({ endpoints }: Collector, service: string): Promise<number> {
  const answer = await fetch(`${endpoints.ui}api/traces?service=${encodeURIComponent(service)}&limit=${2 * SPANS}`);
  return ((await answer.json()) as { data: unknown[] }).data.length;
}

describeWhere(program !== undefined, "Go is missing, or the Collector cannot be built", "a real Collector", () => {
  it("sends by each of its encodings, and every span is there", async () => {
    const { logger, lines } = recordingHost();
    const ours = await createCollector({}, { logger });
    onTestFinished(() => ours.shutdown());
    const theirs = await startOtelCollector(EXPORTERS, ours);
    for (const [index, name] of NAMES.entries()) await send(theirs.port(index), name);
    for (const name of NAMES) {
      await eventually(name, async () => (await stored(ours, name)) === SPANS);
    }
    expect(lines.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  });

  it("is told by which encodings it can send", async () => {
    const { logger, lines } = recordingHost();
    const ours = await createCollector({}, { logger });
    onTestFinished(() => ours.shutdown());
    const theirs = await startOtelCollector({ "otlphttp/snappy": { compression: "snappy" } }, ours);
    await send(theirs.port(), "snappy");
    const warning = await eventually("it is in the log", () => lines.find(({ level }) => level === "warn") ?? false);
    expect(warning.fields?.answer).toMatch(
      /"snappy" is not supported; expected one of gzip, deflate, zlib, .*identity/,
    );
  });

  it.each([
    ["otlphttp", "http"],
    ["otlp", "grpc"],
  ] as const)("takes what our exporter %s sends, and passes it on", async (exporter, receives) => {
    const last = await createCollector();
    onTestFinished(() => last.shutdown());
    const theirs = await startOtelCollector({ "otlphttp/default": {} }, last, receives);
    const { logger, lines } = recordingHost();
    const exporters = { [exporter]: { endpoint: `http://127.0.0.1:${theirs.port()}` } };
    const first = await createCollector({ exporters }, { logger });
    onTestFinished(() => first.shutdown());
    await send(Number(new URL(first.endpoints.otlpHttp as string).port), "through");
    await eventually("all has come through", async () => (await stored(last, "through")) === SPANS);
    expect(lines.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  });
});
