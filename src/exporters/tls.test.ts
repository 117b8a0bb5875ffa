import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { fragmentOfNames } from "../../test/support/fragments.ts";
import { testHost } from "../../test/support/host.ts";
import { OTHER_CERT, OTHER_KEY, TEST_CERT, TEST_KEY } from "../../test/support/tls.ts";
import type { ComponentFactory } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import { otlpExporter } from "./otlp.ts";
import { otlpHttpExporter } from "./otlp-http.ts";

const NEVER = new AbortController().signal;
const httpServer = createServer({
  cert: TEST_CERT,
  key: TEST_KEY,
  ca: TEST_CERT,
  requestCert: true,
  rejectUnauthorized: false,
});
const grpcServer = new Server();
let folder: string;
let httpsUrl: string;
let grpcPort: number;
let sawClientCertificate = false;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "spanloom-tls-"));
  await writeFile(join(folder, "cert.pem"), TEST_CERT);
  await writeFile(join(folder, "key.pem"), TEST_KEY);
  httpServer.on("request", (request, response) => {
    sawClientCertificate = (request.socket as TLSSocket).authorized;
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((done) => httpServer.listen(0, "127.0.0.1", done));
  httpsUrl = `https://localhost:${(httpServer.address() as AddressInfo).port}`;
  const identity = (bytes: Buffer) => bytes;
  grpcServer.addService(
    {
      Export: {
        path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    },
    {
      Export: (_call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
        callback(null, Buffer.alloc(0)),
    },
  );
  const serverCredentials = ServerCredentials.createSsl(
    Buffer.from(TEST_CERT),
    [{ cert_chain: Buffer.from(TEST_CERT), private_key: Buffer.from(TEST_KEY) }],
    true,
  );
  grpcPort = await new Promise((resolve, reject) => {
    grpcServer.bindAsync("127.0.0.1:0", serverCredentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
});

afterAll(async () => {
  grpcServer.forceShutdown();
  httpServer.closeAllConnections();
  await new Promise((done) => httpServer.close(done));
  await rm(folder, { recursive: true, force: true });
});

async function outcomeOf<C>(
  factory: ComponentFactory<C, ExporterSettings, Exporter>,
  config: object,
): Promise<ExportOutcome> {
  const exporter = factory.create({ name: factory.type, writeStdout: () => {} }, factory.config.parse(config));
  await exporter.start(testHost());
  try {
    return await exporter.export([fragmentOfNames(["a"])], NEVER);
  } finally {
    await exporter.shutdown(NEVER);
  }
}

describe("TLS files that are replaced", () => {
  it("are used for new connections, over HTTP and gRPC", async () => {
    const files = { cert_file: join(folder, "own.pem"), key_file: join(folder, "own-key.pem") };
    const place = (cert: string, key: string) =>
      Promise.all([writeFile(files.cert_file, cert), writeFile(files.key_file, key)]);
    await place(OTHER_CERT, OTHER_KEY);
    const tls = { ca_file: join(folder, "cert.pem"), ...files };
    const settings = { name: "mine", writeStdout: () => {} };
    const http = otlpHttpExporter.create(settings, otlpHttpExporter.config.parse({ endpoint: httpsUrl, tls }));
    const grpc = otlpExporter.create(
      settings,
      otlpExporter.config.parse({ endpoint: `localhost:${grpcPort}`, tls, timeout_ms: 2_000 }),
    );
    const exported = (exporter: Exporter) => exporter.export([fragmentOfNames(["a"])], NEVER);
    await Promise.all([http.start(testHost()), grpc.start(testHost())]);
    try {
      expect(await exported(http)).toEqual({ type: "delivered" });
      expect(sawClientCertificate).toBe(false);
      expect(await exported(grpc)).toMatchObject({ type: "retry" });
      await place(TEST_CERT, TEST_KEY);
      await eventually("the new certificate is shown", async () => {
        expect(await exported(http)).toEqual({ type: "delivered" });
        return sawClientCertificate;
      });
      await eventually("gRPC lets it in", async () => (await exported(grpc)).type === "delivered");
    } finally {
      await Promise.all([http.shutdown(NEVER), grpc.shutdown(NEVER)]);
    }
  });

  it("are refused at the start where they cannot be used", async () => {
    await writeFile(join(folder, "broken.pem"), TEST_CERT.slice(0, 200));
    const broken = join(folder, "broken.pem");
    await expect(outcomeOf(otlpHttpExporter, { endpoint: httpsUrl, tls: { ca_file: broken } })).rejects.toThrow(
      /^exporters\.otlp_http\.tls\.ca_file: .*broken\.pem cannot be used: /,
    );
    const pair = { cert_file: join(folder, "cert.pem"), key_file: broken };
    await expect(outcomeOf(otlpExporter, { endpoint: "localhost:1", tls: pair })).rejects.toThrow(
      /^exporters\.otlp\.tls\.cert_file: .*cert\.pem cannot be used: /,
    );
  });
});

describe("TLS", () => {
  const identity = () => ({ cert_file: join(folder, "cert.pem"), key_file: join(folder, "key.pem") });
  const trust = () => ({ ca_file: join(folder, "cert.pem") });

  it("over HTTP trusts the configured authority and shows the client's certificate", async () => {
    expect(await outcomeOf(otlpHttpExporter, { endpoint: httpsUrl, tls: trust() })).toEqual({ type: "delivered" });
    expect(sawClientCertificate).toBe(false);
    const tls = { ...trust(), ...identity() };
    expect(await outcomeOf(otlpHttpExporter, { endpoint: httpsUrl, tls })).toEqual({ type: "delivered" });
    expect(sawClientCertificate).toBe(true);
  });

  it("over HTTP refuses an unknown authority and a wrong name, unless told to accept anything", async () => {
    expect(await outcomeOf(otlpHttpExporter, { endpoint: httpsUrl })).toMatchObject({
      type: "retry",
      reason: expect.stringMatching(/self.signed/),
    });
    const wrongName = { ...trust(), server_name_override: "other.example" };
    expect(await outcomeOf(otlpHttpExporter, { endpoint: httpsUrl, tls: wrongName })).toMatchObject({ type: "retry" });
    const anything = { insecure_skip_verify: true };
    expect(await outcomeOf(otlpHttpExporter, { endpoint: httpsUrl, tls: anything })).toEqual({ type: "delivered" });
  });

  it("over gRPC needs the authority and the client's certificate", async () => {
    const endpoint = `localhost:${grpcPort}`;
    const tls = { ...trust(), ...identity() };
    expect(await outcomeOf(otlpExporter, { endpoint, tls })).toEqual({ type: "delivered" });
    expect(await outcomeOf(otlpExporter, { endpoint, tls: identity(), timeout_ms: 2000 })).toMatchObject({
      type: "retry",
    });
    expect(await outcomeOf(otlpExporter, { endpoint, tls: trust(), timeout_ms: 2000 })).toMatchObject({
      type: "retry",
    });
    expect(await outcomeOf(otlpExporter, { endpoint, timeout_ms: 2000 })).toMatchObject({ type: "retry" });
  });
});
