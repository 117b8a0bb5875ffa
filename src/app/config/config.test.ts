import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeToken, tokenDigest } from "../../access/secrets.ts";
import { PermanentError } from "../../component/errors.ts";
import { parseConfig } from "./config.ts";
import { readConfigFile } from "./config-file.ts";
import { configFromAssignments, mergeConfig } from "./config-sources.ts";
import { configFromEnvironment } from "./environment.ts";
import { hideSecrets } from "./secrets.ts";

/** What stands for a variable in the config file. */
const variable = (text: string) => `\${env:${text}}`;

const ORIGIN = { name: "test.yaml" };

function errorOf(raw: Record<string, unknown>): string {
  try {
    parseConfig(raw, ORIGIN);
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    expect((error as PermanentError).code).toBe("config_invalid");
    return (error as Error).message;
  }
  throw new Error("the config was taken");
}

describe("parseConfig", () => {
  it("fills in the documented defaults", () => {
    const config = parseConfig({}, ORIGIN);
    expect(config.receivers.otlp.protocols.grpc?.endpoint).toBe("127.0.0.1:4317");
    expect(config.receivers.otlp.protocols.http?.endpoint).toBe("127.0.0.1:4318");
    expect(config.ui).toEqual({
      endpoint: "127.0.0.1:16686",
      base_path: "/",
      allowed_hosts: [],
      mcp: { enabled: false },
      zipkin_autocomplete_keys: [],
    });
    expect(config.storage).toMatchObject({ kind: "sqlite", path: "./spanloom-data", synchronous: "full" });
    expect(config.exporters).toEqual({});
  });

  it("names every problem with its place", () => {
    const message = errorOf({ storage: { kind: "disk", segment: { max_spans: "many" } }, sampling: { ratioo: 1 } });
    expect(message).toContain("test.yaml: 3 problems:");
    expect(message).toContain('storage.kind: expected one of "sqlite", "memory" (found "disk")');
    expect(message).toMatch(/storage\.segment\.max_spans: expected a number \(found "many"\)/);
    expect(message).toContain('sampling.ratioo: unknown key; did you mean "ratio"?');
    expect(errorOf({ sampling: { ratoi: 1 } })).toContain('sampling.ratoi: unknown key; did you mean "ratio"?');
  });

  it("suggests keys of nested sections and lists them where none is near", () => {
    expect(errorOf({ storage: { retention: { max_age_days: 3 } } })).toContain('did you mean "max_age_hours"?');
    expect(errorOf({ ui: { colour: "red" } })).toContain(
      "known here: endpoint, grpc_endpoint, tempo_endpoint, tls, base_path, assets_path, config_file, zipkin_assets_path, mcp, zipkin_autocomplete_keys, allowed_hosts",
    );
  });

  it("takes several exporters of a type and refuses unknown types and keys", () => {
    const config = parseConfig(
      { exporters: { otlphttp: { endpoint: "http://a:4318" }, "otlphttp/b": { endpoint: "http://b:4318" } } },
      ORIGIN,
    );
    expect(Object.keys(config.exporters)).toEqual(["otlphttp", "otlphttp/b"]);
    expect(errorOf({ exporters: { jager: {} } })).toContain('unknown type "jager"; did you mean "jaeger"?');
    expect(errorOf({ exporters: { zipkin: { endpiont: "x" } } })).toContain('did you mean "endpoint"?');
  });

  it.each([
    [{ sampling: { ratio: 1.5 } }, "sampling.ratio: expected at most 1 (found 1.5)"],
    [{ storage: { segment: { max_spans: 5 } } }, "storage.segment.max_spans: expected at least 512 (found 5)"],
    [{ storage: { segment: { max_age_minutes: 0 } } }, "max_age_minutes: expected more than 0 (found 0)"],
    [{ storage: { path: "" } }, 'storage.path: expected at least 1 character (found "")'],
    [{ storage: [1] }, "storage: expected a mapping (found [1])"],
    [{ ui: { endpoint: 99 } }, "ui.endpoint: expected a text (found 99)"],
    [{ ui: { allowed_hosts: "a" } }, 'ui.allowed_hosts: expected a list (found "a")'],
    [{ telemetry: { traces: { enabled: "yes" } } }, 'telemetry.traces.enabled: expected true or false (found "yes")'],
    [{ limits: { in_flight_mebibytes: null } }, "limits.in_flight_mebibytes: expected a number (found null)"],
    [{ exporters: { file: {} } }, "exporters.file.path: is missing; expected a text"],
    [{ proxy: { routes: [{}] } }, "proxy.routes[0].upstream: is missing; expected"],
    [{ ui: { endpoint: "99" } }, 'ui.endpoint: "99" is no listening address; expected host:port'],
  ])("says of %j what was expected, in plain words", (raw, line) => {
    expect(errorOf(raw)).toContain(line);
  });

  it("refuses two listeners on one port", () => {
    const at = (endpoint: string) => ({ endpoint });
    const protocols = (grpc: object | null, http: object | null) => ({
      receivers: { otlp: { protocols: { grpc, http } } },
    });
    expect(errorOf(protocols(at("127.0.0.1:5000"), at("localhost:5000")))).toBe(
      'test.yaml: receivers.otlp.protocols.http.endpoint: expected a port of its own, but receivers.otlp.protocols.grpc.endpoint has it (found "localhost:5000")',
    );
    expect(errorOf({ ui: at("0.0.0.0:4317") })).toContain("ui.endpoint: expected a port of its own, but receivers");
    // Where nobody wrote a port for gRPC queries, who wrote it for something else has it.
    expect(() => parseConfig(protocols(at("127.0.0.1:16685"), null), { name: "test.yaml" })).not.toThrow();
    const both = { ui: { grpc_endpoint: "127.0.0.1:5000" }, ...protocols(at("127.0.0.1:5000"), null) };
    expect(errorOf(both)).toContain("ui.grpc_endpoint: expected a port of its own");
    expect(errorOf({ ui: at(":4318"), ...protocols(null, null) })).toContain("protocols.http.endpoint has it");
    expect(errorOf({ discovery: { server: at("[::]:16686") } })).toContain("but ui.endpoint has it");
    expect(parseConfig({ ui: at("127.0.0.2:4317") }, ORIGIN).ui.endpoint).toBe("127.0.0.2:4317");
    expect(parseConfig({ ...protocols(at("127.0.0.1:0"), at("127.0.0.1:0")) }, ORIGIN)).toBeDefined();
    expect(parseConfig({ ui: at(":4317"), ...protocols({ enabled: false }, null) }, ORIGIN)).toBeDefined();
  });
});

describe("sources", () => {
  it("reads environment variables by path and merges layers, later ones winning", async () => {
    const environment = await configFromEnvironment({
      SPANLOOM_STORAGE__PATH: "/data",
      SPANLOOM_SAMPLING__RATIO: "0.5",
      SPANLOOM_CONFIG: "x.yaml",
      OTHER: "1",
    });
    expect(environment.raw).toEqual({ storage: { path: "/data" }, sampling: { ratio: 0.5 } });
    expect(environment.where(["sampling", "ratio"])).toBe("environment SPANLOOM_SAMPLING__RATIO");
    const flags = await configFromAssignments(["storage.path=./here", "ui.allowed_hosts=[a, b]"]);
    expect(flags.where(["ui", "allowed_hosts", 1])).toBe("--set ui.allowed_hosts");
    expect(mergeConfig({ storage: { kind: "memory" } }, environment.raw, flags.raw)).toEqual({
      storage: { kind: "memory", path: "./here" },
      sampling: { ratio: 0.5 },
      ui: { allowed_hosts: ["a", "b"] },
    });
  });

  it("leaves alone what Kubernetes sets for a Service called spanloom, and what the command reads itself", async () => {
    const links = {
      SPANLOOM_SERVICE_HOST: "10.96.0.12",
      SPANLOOM_SERVICE_PORT: "4317",
      SPANLOOM_SERVICE_PORT_OTLP_GRPC: "4317",
      SPANLOOM_PORT: "tcp://10.96.0.12:4317",
      SPANLOOM_PORT_4317_TCP: "tcp://10.96.0.12:4317",
      SPANLOOM_PORT_4317_TCP_PROTO: "tcp",
      SPANLOOM_PORT_4317_TCP_PORT: "4317",
      SPANLOOM_PORT_4317_TCP_ADDR: "10.96.0.12",
      SPANLOOM_UI_SERVICE_HOST: "10.96.0.13",
      SPANLOOM_UI_PORT: "tcp://10.96.0.13:80",
    };
    const { raw, problems, ignored } = await configFromEnvironment({
      ...links,
      SPANLOOM_DEBUG: "1",
      SPANLOOM_RUN: "main",
      SPANLOOM_TOKEN: "spl_abc",
      SPANLOOM_TRACE_FOLDER: "traces",
      SPANLOOM_URL: "http://collector:16686",
    });
    expect([raw, problems]).toEqual([{}, []]);
    expect(ignored).toEqual(Object.keys(links).sort());
  });

  it.each([
    ["SPANLOOM_STORAGE_PATH", "did you mean SPANLOOM_STORAGE__PATH?"],
    ["SPANLOOM_UI_ENDPOINT", "did you mean SPANLOOM_UI__ENDPOINT?"],
    ["SPANLOOM_SAMPLNG__RATIO", "did you mean SPANLOOM_SAMPLING__RATIO?"],
    ["SPANLOOM_RECEIVERS_OTLP_PROTOCOLS_HTTP_ENDPOINT", "SPANLOOM_RECEIVERS__OTLP__PROTOCOLS__HTTP__ENDPOINT?"],
    ["SPANLOOM_PORT", "two underscores stand between the parts"],
  ])("takes %s for a mistake and names what is right", async (name, hint) => {
    const { problems } = await configFromEnvironment({ [name]: "4318" });
    expect(problems).toEqual([expect.stringContaining(`environment ${name}: no such setting; `)]);
    expect(problems[0]).toContain(hint);
    expect(() => parseConfig({}, { name: "config", problems })).toThrow(hint);
  });

  it("refuses assignments without a path and paths with empty parts", async () => {
    await expect(configFromAssignments(["storage"])).rejects.toThrow(/expected path\.to\.key=value/);
    await expect(configFromAssignments(["a..b=1"])).rejects.toThrow(/empty part/);
    await expect(configFromAssignments(["__proto__.polluted=1"])).rejects.toThrow(/empty part/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("the config file", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "spanloom-config-"));
    file = join(folder, "a.yaml");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const read = (text: string, environment: Record<string, string> = {}) => {
    writeFileSync(file, text);
    return readConfigFile(file, environment);
  };

  it("names file, line and column of broken YAML, duplicate keys included", async () => {
    await expect(read("ui: {}\nstorage:\n  kind: memory\n  kind: sqlite\n")).rejects.toThrow(
      /a\.yaml:4:3: not valid YAML/,
    );
    await expect(read("- a\n- b\n")).rejects.toThrow(/expected a mapping of settings, found a list/);
    await expect(readConfigFile(join(folder, "b.yaml"), {})).rejects.toThrow(/no such file/);
    expect((await read("")).raw).toEqual({});
  });

  it("knows the line and column of every setting, and of what should hold a missing one", async () => {
    const text = "storage:\n  pth: x\nexporters:\n  file: {}\nproxy:\n  routes:\n    - prefix: shop\n";
    const { raw, where } = await read(text);
    const error = (() => {
      try {
        parseConfig(raw, { name: "config", where });
        return "";
      } catch (thrown) {
        return (thrown as Error).message;
      }
    })();
    expect(error.split("\n  ")).toEqual([
      "4 problems in the config:",
      `${file}:2:3: storage.pth: unknown key; did you mean "path"?`,
      expect.stringContaining(`${file}:7:7: proxy.routes[0].prefix: expected a path`),
      expect.stringContaining(`${file}:7:7: proxy.routes[0].upstream: is missing`),
      `${file}:4:3: exporters.file.path: is missing; expected a text`,
    ]);
  });

  it("puts environment variables into values", async () => {
    const text = [
      "storage:",
      `  path: ${variable("ROOT")}/data`,
      `  min_free_mebibytes: ${variable("FREE")}`,
      `telemetry: { logs: { level: "${variable("LEVEL:-warn")}" } }`,
      "sampling:",
      `  ratio: ${variable("RATIO:-0.5")}`,
      "ui:",
      `  base_path: '$${variable("ROOT")}'`,
      `  allowed_hosts: ${variable("HOSTS")}`,
    ].join("\n");
    const { raw } = await read(text, { ROOT: "/mnt", FREE: "64", RATIO: "", HOSTS: "[a, b]" });
    expect(raw).toEqual({
      storage: { path: "/mnt/data", min_free_mebibytes: 64 },
      telemetry: { logs: { level: "warn" } },
      sampling: { ratio: 0.5 },
      ui: { base_path: variable("ROOT"), allowed_hosts: ["a", "b"] },
    });
  });

  it("names the place of a variable that is not set", async () => {
    await expect(read(`storage:\n  path: ${variable("NOWHERE")}\n`)).rejects.toThrow(
      /a\.yaml:2:9: the environment variable NOWHERE is not set/,
    );
    await expect(read(`storage:\n  path: ${variable("a-b")}\n`)).rejects.toThrow(/a\.yaml:2:9: .*expected/);
  });
});

describe("secrets", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "spanloom-secrets-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("come from the files that settings ending in _file name", () => {
    const { discovery, exporters } = parseConfig(
      {
        discovery: {
          consul: { token_file: file("consul", "abc\n") },
          etcd: { username: "u", password_file: file("etcd", "p w") },
          server: { tokens_file: file("tokens", "one\r\ntwo\n\n") },
        },
        exporters: { "otlp_http/a": { headers: { authorization_file: file("header", "Bearer xyz\n"), other: "1" } } },
      },
      ORIGIN,
    );
    expect(discovery.consul.token).toBe("abc");
    expect(discovery.etcd.password).toBe("p w");
    expect(discovery.server.tokens).toEqual(["one", "two"]);
    expect(exporters["otlp_http/a"]).toMatchObject({ headers: { authorization: "Bearer xyz", other: "1" } });
  });

  it("that cannot be read are named without being shown", () => {
    const missing = join(folder, "none");
    const consul = (written: object) => errorOf({ discovery: { consul: written } });
    expect(consul({ token_file: missing })).toBe(
      `test.yaml: discovery.consul.token_file: cannot read ${missing}: no such file or folder`,
    );
    expect(consul({ token_file: file("empty", "\n") })).toContain("is empty");
    expect(consul({ token: "x", token_file: missing })).toContain("expected token or token_file, not both");
    expect(consul({ token: ["hush"] })).not.toContain("hush");
    const headers = { a: "hush\u0001" };
    expect(errorOf({ exporters: { otlp_http: { headers } } })).not.toContain("hush");
  });

  it("are hidden where the config is shown", () => {
    const config = parseConfig(
      {
        discovery: { consul: { token: "hush1" }, server: { tokens: ["hush2"] } },
        exporters: { otlp_http: { headers: { authorization: "hush3" } } },
        proxy: { exporter: { headers: { "x-key": "hush4" } } },
      },
      ORIGIN,
    );
    const shown = hideSecrets(config);
    expect(JSON.stringify(shown)).not.toContain("hush");
    expect(shown.discovery.consul.token).toBe("<hidden>");
    expect(shown.discovery.etcd).toEqual(config.discovery.etcd);
    expect(shown.discovery.consul.endpoint).toBe(config.discovery.consul.endpoint);
  });

  it.each([
    [{ access: { tokens: { shop: "hush" } } }, "access.tokens.shop: expected a mapping"],
    [{ access: { tokens: ["hush"] } }, "access.tokens: expected a mapping"],
    [{ access: { users: { ada: "hush" } } }, "access.users.ada: expected a mapping"],
    [{ exporters: { otlp_http: { headers: "hush" } } }, "exporters.otlp_http.headers: expected a mapping"],
    [{ discovery: { consul: "hush" } }, "discovery.consul: expected a mapping"],
  ])("are not told where they were written too high up: %j", (written, said) => {
    const message = errorOf(written);
    expect(message).toContain(said);
    expect(message).not.toContain("hush");
  });

  it("are one name's: a token that two have would have the scopes of the later one", () => {
    const token = makeToken();
    const tokens = { a: { token, scopes: ["read"] }, b: { token: tokenDigest(token), scopes: ["admin"] } };
    expect(errorOf({ access: { tokens } })).toContain(
      "access.tokens.b.token: expected a token of its own, but access.tokens.a has it",
    );
  });
});
