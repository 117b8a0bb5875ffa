import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { recordingHost } from "../../test/support/host.ts";
import { certificate } from "../../test/support/proxy/rig.ts";
import { type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";

let rig: ReceiverRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const REFUSED = "spanloom_receiver_refused_requests_total";
const HEAD = "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

/** What a peer that sends these bytes reads until the connection ends. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

async function start(options: Parameters<typeof startReceiver>[0] = {}) {
  const host = recordingHost();
  rig = await startReceiver({ ...options, logger: host.logger });
  const port = (transport: "http" | "grpc") => rig?.receiver.addresses[transport]?.port as number;
  const warnings = () => host.lines.filter(({ level }) => level === "warn");
  return { rig, warnings, http: port("http"), grpc: port("grpc") };
}

describe("what no handler sees is answered, counted and in the log", () => {
  it.each([
    [
      "headers that do not come",
      "POST /v1/tr",
      408,
      "timeout",
      "within 100 ms, which receivers.otlp.protocols.http.read_header_timeout_ms",
    ],
    [
      "a body that does not come",
      `${HEAD}Content-Length: 10\r\n\r\n{`,
      408,
      "timeout",
      "within 150 ms, which receivers.otlp.protocols.http.read_timeout_ms",
    ],
    ["long headers", `${HEAD}X-Long: ${"x".repeat(20_000)}\r\n\r\n`, 431, "headers", "--max-http-header-size"],
    ["no HTTP", "HELLO\r\n\r\n", 400, "http", "not readable as HTTP/1.1"],
    [
      "a chunk without a size",
      `${HEAD}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`,
      400,
      "http",
      "not readable as HTTP/1.1",
    ],
    ["another version", HEAD.replace("1.1", "1.3"), 400, "http", "version"],
    ["an unknown transfer coding", `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501, "http", "transfer coding"],
    ["an unknown expectation", `${HEAD}Content-Length: 2\r\nExpect: more\r\n\r\n{}`, 417, "http", "100-continue"],
    ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method", "none"],
    ["GET", "GET /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405, "method", "send POST"],
    ["no length", `${HEAD}Connection: close\r\n\r\n`, 411, "length", "Content-Length"],
  ])("%s", async (_what, bytes, status, reason, words) => {
    const { rig, warnings, http } = await start({ http: { read_header_timeout_ms: 100, read_timeout_ms: 150 } });
    const answer = await talk(http, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const { message } = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as { message: string };
    expect(message).toContain(words);
    expect(rig.count(REFUSED, { reason, transport: "http" })).toBe(1);
    expect(rig.count(REFUSED)).toBe(1);
    expect(warnings().map(({ fields }) => [fields?.reason, fields?.answer])).toEqual([[reason, message]]);
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it("a connection too many, by the name of its setting", async () => {
    const { rig, warnings, http, grpc } = await start({ http: { max_connections: 1 }, grpc: { max_connections: 1 } });
    for (const port of [http, grpc]) {
      const first = connect(port, "127.0.0.1");
      await new Promise((resolve) => first.once("connect", resolve));
      expect(await talk(port, "")).toBe("");
      first.destroy();
    }
    await eventually(() => expect(rig.count(REFUSED, { reason: "connections" })).toBe(2));
    const answers = warnings().map(({ fields }) => String(fields?.answer));
    expect(answers[0]).toContain("receivers.otlp.protocols.http.max_connections");
    expect(answers[1]).toContain("receivers.otlp.protocols.grpc.max_connections");
  });

  it("a sender without TLS where there is TLS, and one of HTTP/1 on the port of gRPC", async () => {
    const { rig, warnings, http, grpc } = await start({ http: { tls: certificate() } });
    await talk(http, `${HEAD}\r\n`);
    expect(await talk(grpc, `${HEAD}\r\n`)).toContain("by default 4318");
    await eventually(() => expect(rig.count(REFUSED, { reason: "tls", transport: "http" })).toBe(1));
    expect(rig.count(REFUSED, { reason: "wrong_port", transport: "grpc" })).toBe(1);
    expect(warnings().map(({ fields }) => fields?.reason)).toEqual(["tls", "wrong_port"]);
  });

  it("but not whoever says nothing, or goes away", async () => {
    const { rig, warnings, http } = await start({ http: { read_header_timeout_ms: 100 } });
    expect(await talk(http, "")).toBe("");
    const gone = connect(http, "127.0.0.1", () => gone.write("POST /v1", () => gone.resetAndDestroy()));
    await new Promise((resolve) => gone.once("close", resolve));
    expect((await fetch(rig.http)).status).toBe(404);
    expect(rig.count(REFUSED)).toBe(1);
    expect(warnings().map(({ fields }) => fields?.reason)).toEqual(["path"]);
  });
});
