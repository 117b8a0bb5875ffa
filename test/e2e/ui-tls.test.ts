import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { OTHER_CERT, OTHER_KEY, TEST_CERT, TEST_KEY } from "../support/tls.ts";

const run = promisify(execFile);

let folder: string;
let collector: Collector;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-ui-tls-"));
  for (const [name, pem] of Object.entries({
    cert: TEST_CERT,
    key: TEST_KEY,
    other: OTHER_CERT,
    otherKey: OTHER_KEY,
  })) {
    writeFileSync(file(`${name}.pem`), pem);
  }
  collector = await createCollector({
    storage: { kind: "sqlite", path: file("data") },
    ui: {
      endpoint: "127.0.0.1:0",
      grpc_endpoint: "127.0.0.1:0",
      tempo_endpoint: "127.0.0.1:0",
      // Its own certificate is the authority of clients too.
      tls: { cert_file: file("cert.pem"), key_file: file("key.pem"), client_ca_file: file("cert.pem") },
    },
  });
});
afterAll(async () => {
  await collector?.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

describe("ui.tls", () => {
  it("holds for pages and read APIs, for Tempo's and for Jaeger's gRPC, each of which tells its real address", async () => {
    const { ui, tempo, queryGrpc } = collector.endpoints;
    expect([ui, tempo].map((url) => new URL(url as string).protocol)).toEqual(["https:", "https:"]);
    expect(await asked(`${ui}api/services`)).toMatchObject({ status: 200 });
    const page = await asked(ui);
    expect(page.status).toBe(200);
    expect(page.body).toContain("<html");
    expect(await asked(`${tempo}/api/echo`)).toEqual({ status: 200, body: "echo" });
    const status = await asked(`${ui}api/ui/status`);
    expect(status.body).toContain(`"${ui}`);
    expect(await health(queryGrpc as string)).toBe(1);
  });

  it("lets nobody in without a certificate of the authority where it names one", async () => {
    await expect(asked(`${collector.endpoints.ui}api/services`, { cert: undefined, key: undefined })).rejects.toThrow();
    await expect(
      asked(`${collector.endpoints.ui}api/services`, { cert: OTHER_CERT, key: OTHER_KEY }),
    ).rejects.toThrow();
  });

  it("is what the command line speaks, with the certificates that it is given", async () => {
    const flags = ["--ca-file", file("cert.pem"), "--cert-file", file("cert.pem"), "--key-file", file("key.pem")];
    const url = collector.endpoints.ui.replace("127.0.0.1", "localhost");
    const { stdout } = await run(process.execPath, [MAIN, "list", "services", "--url", url, "--json", ...flags], {
      env: plainEnvironment(),
    });
    expect(JSON.parse(stdout)).toEqual({ services: [] });
    const half = run(process.execPath, [MAIN, "list", "services", "--url", url, ...flags.slice(0, 4)], {
      env: plainEnvironment(),
    });
    await expect(half).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--cert-file needs --key-file"),
    });
  });
});

async function asked(url: string, more: object = {}): Promise<{ status: number | undefined; body: string }> {
  const request = get(url, { ca: TEST_CERT, cert: TEST_CERT, key: TEST_KEY, agent: false, ...more });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

/** The status that grpc.health.v1 tells: 1 is serving. */
async function health(authority: string): Promise<number | undefined> {
  const tls = credentials.createSsl(Buffer.from(TEST_CERT), Buffer.from(TEST_KEY), Buffer.from(TEST_CERT));
  const client = new Client(authority, tls, { "grpc.ssl_target_name_override": "localhost" });
  try {
    return await new Promise((done, fail) => {
      client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        () => Buffer.alloc(0),
        (bytes: Buffer) => bytes[1],
        {},
        (error, status) => (error === null ? done(status) : fail(error)),
      );
    });
  } finally {
    client.close();
  }
}
