import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PermanentError } from "../../component/errors.ts";
import { parseConfig } from "./config.ts";
import { configFromAssignments, configFromEnvironment, mergeConfig, readConfigFile } from "./config-sources.ts";

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
    expect(config.ui).toEqual({ endpoint: "127.0.0.1:16686", base_path: "/", allowed_hosts: [] });
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
    expect(errorOf({ ui: { colour: "red" } })).toContain("known here: endpoint, base_path, allowed_hosts");
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
    expect(environment).toEqual({ storage: { path: "/data" }, sampling: { ratio: 0.5 } });
    const flags = await configFromAssignments(["storage.path=./here", "ui.allowed_hosts=[a, b]"]);
    expect(mergeConfig({ storage: { kind: "memory" } }, environment, flags)).toEqual({
      storage: { kind: "memory", path: "./here" },
      sampling: { ratio: 0.5 },
      ui: { allowed_hosts: ["a", "b"] },
    });
  });

  it("refuses assignments without a path and paths with empty parts", async () => {
    await expect(configFromAssignments(["storage"])).rejects.toThrow(/expected path\.to\.key=value/);
    await expect(configFromAssignments(["a..b=1"])).rejects.toThrow(/empty part/);
    await expect(configFromAssignments(["__proto__.polluted=1"])).rejects.toThrow(/empty part/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("names file, line and column of broken YAML, duplicate keys included", async () => {
    const folder = mkdtempSync(join(tmpdir(), "spanloom-config-"));
    try {
      const file = join(folder, "a.yaml");
      writeFileSync(file, "ui: {}\nstorage:\n  kind: memory\n  kind: sqlite\n");
      await expect(readConfigFile(file)).rejects.toThrow(/a\.yaml:4:3: not valid YAML/);
      writeFileSync(file, "- a\n- b\n");
      await expect(readConfigFile(file)).rejects.toThrow(/expected a mapping of settings, found a list/);
      await expect(readConfigFile(join(folder, "b.yaml"))).rejects.toThrow(/no such file/);
      writeFileSync(file, "");
      expect(await readConfigFile(file)).toEqual({});
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
