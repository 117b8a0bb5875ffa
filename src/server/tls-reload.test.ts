import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { Client, credentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXPORT_PATH, grpcCall, type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";
import { OTHER_CERT, OTHER_KEY, TEST_CERT, TEST_KEY } from "../../test/support/tls.ts";
import { SILENT_LOGGER } from "../component/logger.ts";
import { loadTls } from "./tls.ts";

const FIRST = { cert: TEST_CERT, key: TEST_KEY };
const OTHER = { cert: OTHER_CERT, key: OTHER_KEY };
const EMPTY_EXPORT = Uint8Array.of(10, 0);

let folder: string;
let rig: ReceiverRig | undefined;
let lines: string[];
const cleanups: (() => void)[] = [];
const file = (name: string) => join(folder, name);
const logger = {
  ...SILENT_LOGGER,
  info: (message: string) => lines.push(message),
  error: (message: string, fields?: object) => lines.push(`error: ${message} ${JSON.stringify(fields)}`),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-tls-"));
  lines = [];
  place(FIRST);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rig?.close();
  rig = undefined;
  rmSync(folder, { recursive: true });
});

function place({ cert, key }: typeof FIRST, clients = TEST_CERT): void {
  writeFileSync(file("cert.pem"), cert);
  writeFileSync(file("key.pem"), key);
  writeFileSync(file("clients.pem"), clients);
}

async function start(clientCa = false): Promise<ReceiverRig> {
  const tls = {
    cert_file: file("cert.pem"),
    key_file: file("key.pem"),
    ...(clientCa ? { client_ca_file: file("clients.pem") } : {}),
  };
  rig = await startReceiver({ http: { tls }, grpc: { tls }, logger });
  lines.length = 0;
  return rig;
}

/** One post; its status, or the code of the error, and the port of the socket at this end. */
function post(options: object): Promise<readonly [status: number | string, localPort: number | undefined]> {
  const port = rig?.receiver.addresses.http?.port;
  return new Promise((resolve) => {
    const sent = request(
      { host: "127.0.0.1", servername: "localhost", port, method: "POST", path: "/v1/traces", ...options },
      (response) => {
        const local = response.socket.localPort;
        response.resume().on("end", () => resolve([response.statusCode ?? 0, local]));
      },
    );
    sent.setHeader("content-type", "application/json");
    sent.on("error", (error: NodeJS.ErrnoException) => resolve([error.code ?? error.message, undefined]));
    sent.end("{}");
  });
}

function channel(trusts: string, own?: typeof FIRST): Client {
  const key = own === undefined ? null : Buffer.from(own.key);
  const cert = own === undefined ? null : Buffer.from(own.cert);
  const client = new Client(rig?.grpc ?? "", credentials.createSsl(Buffer.from(trusts), key, cert), {
    "grpc.ssl_target_name_override": "localhost",
    "grpc.use_local_subchannel_pool": 1,
  });
  cleanups.push(() => client.close());
  return client;
}

const exported = async (client: Client) => (await grpcCall(client, EXPORT_PATH, EMPTY_EXPORT)).error?.code ?? 0;

describe("TLS files that change", () => {
  it("are served by HTTP to new connections, and open ones go on", async () => {
    const { receiver } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: TEST_CERT });
    cleanups.push(() => agent.destroy());
    const before = await post({ agent });
    expect(before[0]).toBe(200);
    place(OTHER);
    receiver.reloadTls();
    expect(await post({ agent })).toEqual(before);
    expect(await post({ agent: false, ca: OTHER_CERT })).toMatchObject([200, expect.any(Number)]);
    expect(await post({ agent: false, ca: TEST_CERT })).toEqual(["DEPTH_ZERO_SELF_SIGNED_CERT", undefined]);
    expect(lines).toEqual(Array(2).fill("the TLS files have changed and are in use for new connections"));
  });

  it("are served by gRPC to new connections, and open ones go on", async () => {
    const { receiver } = await start();
    const open = channel(TEST_CERT);
    expect(await exported(open)).toBe(0);
    place(OTHER);
    receiver.reloadTls();
    expect(await exported(open)).toBe(0);
    expect(await exported(channel(OTHER_CERT))).toBe(0);
    expect(await exported(channel(TEST_CERT))).toBe(14);
  });

  it("decide anew which clients get in, over gRPC", async () => {
    const { receiver } = await start(true);
    expect(await exported(channel(TEST_CERT, FIRST))).toBe(0);
    expect(await exported(channel(TEST_CERT))).toBe(14);
    place(FIRST, OTHER_CERT);
    receiver.reloadTls();
    expect(await exported(channel(TEST_CERT, FIRST))).toBe(14);
    expect(await exported(channel(TEST_CERT, OTHER))).toBe(0);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("decide anew which clients get in, over HTTP with %s", async (version) => {
    const { receiver } = await start(true);
    const common = { agent: false, ca: TEST_CERT, minVersion: version, maxVersion: version };
    const session = await sessionOf({ ...common, ...FIRST });
    expect(await resumes({ ...common, ...FIRST, session })).toBe(true);
    place(FIRST, OTHER_CERT);
    receiver.reloadTls();
    expect((await post({ ...common, ...FIRST }))[0]).toMatch(/EPROTO|ERR_SSL|ECONNRESET|EPIPE/);
    expect((await post({ ...common, ...OTHER }))[0]).toBe(200);
    // A session of a client that is no longer let in opens nothing either.
    expect(await resumes({ ...common, ...FIRST, session })).toBe(false);
  });

  it("that are broken are reported once a listener, and those before stay", async () => {
    const { receiver } = await start();
    writeFileSync(file("key.pem"), OTHER_KEY);
    receiver.reloadTls();
    expect(lines).toHaveLength(2);
    for (const [index, protocol] of ["grpc", "http"].entries()) {
      expect(lines[index]).toMatch(/^error: .* cannot be used; those read before stay in use/);
      expect(lines[index]).toContain(
        `receivers.otlp.protocols.${protocol}.tls.key_file: ${file("key.pem")} is not the key`,
      );
    }
    expect((await post({ agent: false, ca: TEST_CERT }))[0]).toBe(200);
    expect(await exported(channel(TEST_CERT))).toBe(0);
    place(OTHER);
    receiver.reloadTls();
    expect((await post({ agent: false, ca: OTHER_CERT }))[0]).toBe(200);
    expect(await exported(channel(OTHER_CERT))).toBe(0);
  });
});

it("a certificate may stand under its older name", () => {
  writeFileSync(file("cert.pem"), `of the shop\n${TEST_CERT.replaceAll("CERTIFICATE", "X509 CERTIFICATE")}`);
  const config = { cert_file: file("cert.pem"), key_file: file("key.pem"), client_ca_file: file("cert.pem") };
  expect(loadTls({ ...config, min_version: "1.2" }, "a.tls").validUntilMs).toBeGreaterThan(Date.now());
});

describe("a TLS file that cannot be used", () => {
  const half = (pem: string) => pem.slice(0, pem.length / 2);
  it.each([
    ["cert.pem", half(TEST_CERT), /cert_file: .*cert\.pem holds no certificate: PEM routines::/],
    ["cert.pem", TEST_KEY, /cert_file: .*cert\.pem holds no certificate$/],
    ["key.pem", half(TEST_KEY), /key_file: .*key\.pem holds no private key: /],
    ["key.pem", TEST_CERT, /key_file: .*key\.pem holds no private key: /],
    ["key.pem", OTHER_KEY, /key_file: .*key\.pem is not the key of the certificate in .*cert\.pem$/],
    ["clients.pem", half(TEST_CERT), /client_ca_file: .*clients\.pem holds no certificate: /],
    ["clients.pem", TEST_KEY, /client_ca_file: .*clients\.pem holds no certificate$/],
  ])("is named with its setting: %s", (name, content, message) => {
    writeFileSync(file(name), content);
    const config = { cert_file: file("cert.pem"), key_file: file("key.pem"), client_ca_file: file("clients.pem") };
    expect(() => loadTls({ ...config, min_version: "1.2" }, "a.tls")).toThrow(message);
  });
});

/** Connects, posts, and gives the session that a later connection may resume. */
function sessionOf(options: object): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = dial(options, reject);
    let session: Buffer | undefined;
    socket.on("session", (value) => {
      session = value;
    });
    socket.on("close", () => (session === undefined ? reject(new Error("no session was given")) : resolve(session)));
  });
}

/** Whether the server let the session in again: it answers a request, without a new handshake. */
function resumes(options: object): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(options, () => resolve(false));
    socket.on("data", () => resolve(socket.isSessionReused()));
    socket.on("close", () => resolve(false));
  });
}

function dial(options: object, onError: (error: Error) => void): TLSSocket {
  const port = rig?.receiver.addresses.http?.port as number;
  const socket = connect({ host: "127.0.0.1", servername: "localhost", port, ...options });
  socket.on("error", onError).resume();
  socket.end("GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return socket;
}
