import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeToken } from "../../src/access/secrets.ts";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import {
  createAuthority,
  type Issued,
  issueCertificate,
} from "../../src/cli/commands/certificate/issue-certificate.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { EXPORT_PATH, grpcCall } from "../support/receiver-rig.ts";

const DAY_MS = 86_400_000;
const READER = makeToken();
const validity = { from: new Date(Date.now() - DAY_MS), until: new Date(Date.now() + DAY_MS) };
const authority = createAuthority("test authority", validity);
const by = { commonName: "test authority", key: createPrivateKey(authority.key) };
const server = issueCertificate(by, ["localhost", "127.0.0.1"], "server", validity);
const checkout = issueCertificate(by, ["checkout.shop.example"], "client", validity);
const unnamed = issueCertificate(by, ["payments.shop.example"], "client", validity);

let folder: string;
let collector: Collector;
const clients: Client[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-certificates-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const files = { cert_file: file("cert.pem", server.cert), key_file: file("key.pem", server.key) };
  const tls = { ...files, client_ca_file: file("ca.pem", authority.cert) };
  collector = await createCollector(
    {
      access: {
        tokens: { reader: { token: READER, scopes: ["read"] } },
        certificates: { checkout: { names: ["Checkout.shop.example"], scopes: ["ingest"] } },
      },
      receivers: {
        otlp: { protocols: { http: { endpoint: "127.0.0.1:0", tls }, grpc: { endpoint: "127.0.0.1:0", tls } } },
      },
      ui: { endpoint: "127.0.0.1:0", tls },
    },
    { logger: SILENT_LOGGER },
  );
});
afterAll(async () => {
  for (const client of clients) client.close();
  await collector.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

function http(url: string, { cert, key }: Issued, headers: Record<string, string> = {}): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const method = url.endsWith("/v1/traces") ? "POST" : "GET";
    const type = { "content-type": "application/json" };
    const options = { method, cert, key, ca: authority.cert, headers: { ...type, ...headers }, agent: false };
    const outgoing = request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve([response.statusCode ?? 0, text]));
    });
    outgoing.on("error", reject).end(method === "POST" ? "{}" : undefined);
  });
}

async function grpc({ cert, key }: Issued, token?: string): Promise<number> {
  const secure = credentials.createSsl(Buffer.from(authority.cert), Buffer.from(key), Buffer.from(cert));
  const client = new Client(collector.endpoints.otlpGrpc as string, secure, { "grpc.use_local_subchannel_pool": 1 });
  clients.push(client);
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  return (await grpcCall(client, EXPORT_PATH, new Uint8Array(0), metadata)).error?.code ?? 0;
}

const POST = () => `${collector.endpoints.otlpHttp}/v1/traces`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

it("takes spans over HTTP of a program whose certificate has its name, and of no other", async () => {
  expect((await http(POST(), checkout))[0]).toBe(200);
  const [status, text] = await http(POST(), unnamed);
  expect([status, text]).toEqual([401, expect.stringContaining("access.certificates")]);
});

it("takes calls of gRPC likewise, each of a connection", async () => {
  expect([await grpc(checkout), await grpc(unnamed)]).toEqual([0, 16]);
});

it("holds a token for what its sender wants to be known by, wherever one is shown", async () => {
  expect((await http(POST(), checkout, bearer(makeToken())))[0]).toBe(401);
  expect((await http(POST(), checkout, bearer(READER)))[0]).toBe(403);
  expect([await grpc(checkout, makeToken()), await grpc(checkout, READER)]).toEqual([16, 7]);
});

it("lets a certificate do what its scopes say, at the web UI too", async () => {
  const services = `${collector.endpoints.ui}api/services`;
  const [status, text] = await http(services, checkout);
  expect([status, text]).toEqual([403, expect.stringContaining("needs the scope read")]);
  expect((await http(services, unnamed))[0]).toBe(401);
  expect((await http(services, unnamed, bearer(READER)))[0]).toBe(200);
});
