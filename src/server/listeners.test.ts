import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { EXPORT_PATH, grpcCall, type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";
import { TEST_CERT, TEST_KEY } from "../../test/support/tls.ts";

let folder: string;
let tls: { cert_file: string; key_file: string };
let rig: ReceiverRig | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-tls-"));
  tls = { cert_file: join(folder, "cert.pem"), key_file: join(folder, "key.pem") };
  writeFileSync(tls.cert_file, TEST_CERT);
  writeFileSync(tls.key_file, TEST_KEY);
});
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

function httpsStatus(port: number, options: object): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(
      {
        host: "127.0.0.1",
        servername: "localhost",
        port,
        method: "POST",
        path: "/v1/traces",
        agent: false,
        ...options,
      },
      (response) => response.resume().on("end", () => resolve(response.statusCode ?? 0)),
    );
    sent.setHeader("content-type", "application/json");
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end("{}");
  });
}

describe("TLS", () => {
  it("serves HTTPS, and refuses what is older than the minimum and what trusts other authorities", async () => {
    rig = await startReceiver({ http: { tls: { ...tls, min_version: "1.3" } } });
    const port = rig.receiver.addresses.http?.port as number;
    expect(await httpsStatus(port, { ca: TEST_CERT })).toBe(200);
    expect(await httpsStatus(port, { ca: TEST_CERT, maxVersion: "TLSv1.2" })).toMatch(/EPROTO|ERR_SSL|ECONNRESET/);
    expect(await httpsStatus(port, {})).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  it("wants a client certificate where an authority for them is named", async () => {
    rig = await startReceiver({ http: { tls: { ...tls, client_ca_file: tls.cert_file } } });
    const port = rig.receiver.addresses.http?.port as number;
    expect(await httpsStatus(port, { ca: TEST_CERT })).toMatch(/EPROTO|ERR_SSL|ECONNRESET|EPIPE/);
    expect(await httpsStatus(port, { ca: TEST_CERT, cert: TEST_CERT, key: TEST_KEY })).toBe(200);
  });

  it("serves gRPC", async () => {
    rig = await startReceiver({ grpc: { tls } });
    const secure = new Client(rig.grpc, credentials.createSsl(Buffer.from(TEST_CERT)), {
      "grpc.ssl_target_name_override": "localhost",
    });
    expect((await grpcCall(secure, EXPORT_PATH, Uint8Array.of(10, 0))).error).toBeUndefined();
    secure.close();
    const plain = new Client(rig.grpc, credentials.createInsecure());
    expect((await grpcCall(plain, EXPORT_PATH, Uint8Array.of(10, 0))).error?.code).toBe(14);
    plain.close();
  });

  it("names the setting of a file that holds no certificate", async () => {
    writeFileSync(join(folder, "empty.pem"), "nothing");
    const started = startReceiver({ http: { tls: { ...tls, cert_file: join(folder, "empty.pem") } } });
    await expect(started).rejects.toThrow(/^receivers\.otlp\.protocols\.http\.tls\.cert_file: .* holds no PEM block/);
  });
});

describe("slow senders", () => {
  const talk = (port: number, text: string): Promise<string> =>
    new Promise((resolve) => {
      let answer = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(text));
      socket.on("data", (chunk) => {
        answer += chunk.toString();
      });
      socket.on("close", () => resolve(answer));
    });

  it("are shed: half a body, half a header, nothing at all", async () => {
    rig = await startReceiver({ http: { read_timeout_ms: 100, read_header_timeout_ms: 100 } });
    const port = rig.receiver.addresses.http?.port as number;
    const head =
      "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n";
    const answers = await Promise.all([talk(port, `${head}{`), talk(port, "POST /v1/tr"), talk(port, "")]);
    expect(answers[0]).toMatch(/^HTTP\/1\.1 408 /);
    expect(answers[1]).toMatch(/^HTTP\/1\.1 408 /);
    expect(rig.inFlight.usedBytes).toBe(0);
    expect(rig.sink.batches).toEqual([]);
  });

  it("cannot take more connections than allowed", async () => {
    rig = await startReceiver({ http: { max_connections: 1 } });
    const port = rig.receiver.addresses.http?.port as number;
    const first = connect(port, "127.0.0.1");
    await new Promise((resolve) => first.once("connect", resolve));
    expect(await talk(port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe("");
    first.destroy();
  });
});
