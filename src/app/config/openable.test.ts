import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { itWhere } from "../../../test/support/requires.ts";
import { OTHER_KEY, TEST_CERT, TEST_KEY } from "../../../test/support/tls.ts";
import { parseConfig } from "./config.ts";
import { findUnopenable } from "./openable.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-openable-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const ANY_PORT = "127.0.0.1:0";
const base = {
  storage: { path: "" },
  receivers: { otlp: { protocols: { grpc: { endpoint: ANY_PORT }, http: { endpoint: ANY_PORT } } } },
  ui: { endpoint: ANY_PORT },
  discovery: { server: { endpoint: ANY_PORT } },
  proxy: { endpoint: ANY_PORT },
};
const issuesOf = async (config: Record<string, unknown>) => {
  const raw = { ...base, storage: { path: join(folder, "data") }, ...config };
  return findUnopenable(parseConfig(raw, { name: "test" }));
};

describe("findUnopenable", () => {
  itWhere(
    process.platform === "linux",
    "there is no /proc",
    "names a data folder that cannot be made, for root too",
    async () => {
      const issues = await issuesOf({ storage: { path: "/proc/spanloom-data" } });
      expect(issues.map(({ text }) => text)).toEqual([expect.stringMatching(/^storage\.path: .*\/proc/)]);
      expect(await issuesOf({ storage: { path: join(folder, "new", "data") } })).toEqual([]);
      expect(existsSync(join(folder, "new"))).toBe(false);
    },
  );

  it("names a folder without a page, and a config that is not there, of UIs of others", async () => {
    mkdirSync(join(folder, "built"));
    file("built/index.html", "a page");
    const ui = { endpoint: ANY_PORT, assets_path: join(folder, "built"), zipkin_assets_path: folder };
    const issues = await issuesOf({ ui: { ...ui, config_file: join(folder, "none.json") } });
    expect(issues.map(({ path }) => path.join("."))).toEqual(["ui.config_file", "ui.zipkin_assets_path"]);
    expect(await issuesOf({ ui: { ...ui, zipkin_assets_path: join(folder, "built") } })).toEqual([]);
  });

  it("finds nothing in a config that can be served, and makes nothing", async () => {
    const tls = { cert_file: file("cert.pem", TEST_CERT), key_file: file("key.pem", TEST_KEY) };
    const config = {
      discovery: { server: { endpoint: ANY_PORT, tls } },
      exporters: { file: { path: join(folder, "out/spans.jsonl") } },
    };
    expect(await issuesOf(config)).toEqual([]);
    expect(existsSync(join(folder, "data"))).toBe(false);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it("finds all at once: certificates, keys, routes, files, folders", async () => {
    const cert = file("cert.pem", TEST_CERT);
    const upstream = "http://127.0.0.1:9";
    const issues = await issuesOf({
      storage: { path: join(file("taken", ""), "data") },
      receivers: {
        otlp: {
          protocols: {
            grpc: { endpoint: ANY_PORT, tls: { cert_file: cert, key_file: file("other.pem", OTHER_KEY) } },
            http: { endpoint: ANY_PORT, tls: { cert_file: join(folder, "none.pem"), key_file: cert } },
          },
        },
      },
      exporters: {
        "otlp_http/a.b": { endpoint: "https://localhost:1", tls: { ca_file: file("ca.pem", "no certificate") } },
        file: { path: folder },
      },
      discovery: {
        backend: "consul",
        consul: { tls: { ca_file: join(folder, "none.pem") } },
        server: { endpoint: ANY_PORT },
      },
      proxy: {
        endpoint: ANY_PORT,
        routes: [
          { prefix: "/a", upstream },
          { upstream, ca_file: join(folder, "none.pem") },
          { prefix: "/a/", upstream },
        ],
      },
    });
    expect(issues.map(({ path }) => path)).toEqual([
      ["storage", "path"],
      ["receivers", "otlp", "protocols", "grpc", "tls", "key_file"],
      ["receivers", "otlp", "protocols", "http", "tls", "cert_file"],
      ["exporters", "otlp_http/a.b", "tls", "ca_file"],
      ["exporters", "file", "path"],
      ["discovery", "consul", "tls", "ca_file"],
      ["proxy", "routes", 1, "ca_file"],
      ["proxy", "routes", 2],
    ]);
    expect(issues[1]?.text).toContain("is not the key of the certificate");
    expect(issues[7]?.text).toContain("takes the same requests as proxy.routes[0]");
  });

  it("finds link-local upstreams, and a kubeconfig that names no cluster", async () => {
    const upstream = ["http://127.0.0.1:9", "http://169.254.169.254:80"];
    const kubeconfig = file("kubeconfig", "current-context: here\ncontexts: []\n");
    const config = (allow: boolean) => ({
      discovery: { backend: "kubernetes", kubernetes: { kubeconfig }, server: { endpoint: ANY_PORT } },
      proxy: { endpoint: ANY_PORT, allow_link_local: allow, routes: [{ upstream }] },
    });
    const issues = await issuesOf(config(false));
    expect(issues).toEqual([
      {
        path: ["discovery", "kubernetes", "kubeconfig"],
        text: expect.stringContaining('no context "here"'),
      },
      {
        path: ["proxy", "routes", 0, "upstream"],
        text: expect.stringMatching(/^proxy\.routes\[0\]\.upstream: .*169\.254\.169\.254/),
      },
    ]);
    expect(await issuesOf(config(true))).toHaveLength(1);
  });

  it("finds addresses that are not of this machine, and leaves a taken port alone", async () => {
    const server = await new Promise<Server>((done) => {
      const made = createServer().listen(0, "127.0.0.1", () => done(made));
    });
    const { port } = server.address() as { port: number };
    const issues = await issuesOf({
      ui: { endpoint: `127.0.0.1:${port}` },
      discovery: { server: { endpoint: "192.0.2.1:1" } },
    });
    await new Promise((done) => server.close(done));
    expect(issues).toEqual([
      {
        path: ["discovery", "server", "endpoint"],
        text: 'discovery.server.endpoint: that is no address of this machine (found "192.0.2.1:1")',
      },
    ]);
  });

  itWhere(process.getuid?.() !== 0, "root may write anywhere", "finds a folder that cannot be written", async () => {
    mkdirSync(join(folder, "locked"));
    chmodSync(join(folder, "locked"), 0o500);
    const [issue] = await issuesOf({ storage: { path: join(folder, "locked/data") } });
    expect(issue?.text).toContain("permission denied");
  });
});
