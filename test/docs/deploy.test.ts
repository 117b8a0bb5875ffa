import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { type Config, parseConfig } from "../../src/app/config/config.ts";
import { readConfigFile } from "../../src/app/config/config-file.ts";
import { configFromEnvironment } from "../../src/app/config/environment.ts";
import { grpcEndpointOf, tempoEndpointOf } from "../../src/app/config/listener-addresses.ts";
import { EXIT } from "../../src/cli/output/exit-codes.ts";
import { whyTooOld } from "../../src/model/text/node-version.ts";
import { documentedMetrics, ROOT, text } from "./files.ts";

async function configOf(environment: Readonly<Record<string, string>>): Promise<Config> {
  const { raw, problems } = await configFromEnvironment(environment);
  return parseConfig(raw, { name: "environment", problems });
}

/** The ENV lines of the Dockerfile. */
function imageEnvironment(): Record<string, string> {
  const block = /^ENV ((?:.*\\\n)*.*)$/m.exec(text("Dockerfile"))?.[1] ?? "";
  return Object.fromEntries(
    block
      .split(/\\\n/)
      .map((line) => line.trim().split(/=(.*)/s))
      .map(([name, value]) => [name as string, value as string]),
  );
}

describe("the image", () => {
  const dockerfile = text("Dockerfile");

  it("copies only what is there and what .dockerignore lets through", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, args]) =>
      (args as string).split(" ").slice(0, -1),
    );
    const letThrough = text(".dockerignore")
      .split("\n")
      .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect([...new Set(copied)].sort()).toEqual([...letThrough].sort());
  });

  it("has a Node that will do, and nothing to compile with", () => {
    const majors = [...dockerfile.matchAll(/^FROM node:(\d+)-/gm)].map(([, major]) => major as string);
    expect(majors).toHaveLength(2);
    expect(majors.map((major) => whyTooOld(`${major}.0.0`))).toEqual([undefined, undefined]);
    expect(dockerfile).not.toMatch(/apt-get|npm rebuild/);
  });

  it("has settings that are valid, and listens where it says", async () => {
    const config = await configOf(imageEnvironment());
    expect(config.storage.path).toBe("/data");
    const exposed = /^EXPOSE (.*)$/m.exec(dockerfile)?.[1]?.split(" ");
    const { grpc, http } = config.receivers.otlp.protocols;
    const { ui, discovery, proxy } = config;
    const queries = { endpoint: grpcEndpointOf(ui) };
    const tempo = { endpoint: tempoEndpointOf(ui) };
    const { zipkin, jaeger, remote_sampling: sampling } = config.receivers;
    const receivers = [grpc, http, zipkin, jaeger, sampling.http, sampling.grpc];
    const bound = [...receivers, queries, tempo, ui, discovery.server, proxy].map((listener) => listener?.endpoint);
    expect(bound).toEqual(exposed?.map((port) => `0.0.0.0:${port}`));
  });

  it("runs what the build makes, as nobody special, and is asked for its health", () => {
    const [, build, runtime] = dockerfile.split(/^FROM .*$/m) as [string, string, string];
    const { scripts } = JSON.parse(text("package.json")) as { scripts: Record<string, string> };
    for (const [, script] of build.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty(script as string);
    expect(runtime).toMatch(/^USER node$/m);
    expect(runtime.indexOf("USER node")).toBeGreaterThan(runtime.indexOf("RUN install -d -o node"));
    expect(runtime).toContain('ENTRYPOINT ["node", "/app/dist/cli/main.js"]');
    expect(runtime).toMatch(/^HEALTHCHECK .*\\\n.*127\.0\.0\.1:4318\/healthz/m);
  });
});

interface ComposeService {
  readonly build?: string;
  readonly command?: string[];
  readonly environment?: Record<string, string>;
  readonly ports?: string[];
  readonly volumes?: string[];
  readonly stop_grace_period?: string;
}

describe("the compose file", () => {
  const { services, volumes } = parse(text("compose.yaml")) as {
    services: Record<string, ComposeService>;
    volumes: Record<string, unknown>;
  };

  it("gives the collector valid settings, and lets the other services in by its name", async () => {
    const config = await configOf({ ...imageEnvironment(), ...services.spanloom?.environment });
    expect(config.ui.allowed_hosts).toEqual(["spanloom"]);
    expect(Number.parseInt(services.spanloom?.stop_grace_period ?? "", 10)).toBeGreaterThan(10);
  });

  it("publishes to this machine only", () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(2);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
  });

  it("mounts what is there", () => {
    const sources = Object.values(services)
      .flatMap((service) => service.volumes ?? [])
      .map((volume) => volume.split(":", 1)[0] as string);
    expect(sources.length).toBeGreaterThan(2);
    expect(sources.filter((path) => !(path in volumes) && !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe("the systemd unit", () => {
  const unit = text("deploy/spanloom.service");
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1] ?? "";

  it("does not start again what cannot start, and waits for the end of a shutdown", () => {
    const codes = value("RestartPreventExitStatus").split(" ").map(Number);
    expect(codes).toEqual([EXIT.usage, EXIT.data, EXIT.listen]);
    expect(Number(value("TimeoutStopSec"))).toBeGreaterThan(10);
  });

  it("comes with a valid config whose data folder the unit makes", async () => {
    const { raw } = await readConfigFile(join(ROOT, "deploy/spanloom.yaml"), {});
    const config = parseConfig(raw, { name: "deploy/spanloom.yaml" });
    expect(config.storage.path).toBe(`/var/lib/${value("StateDirectory")}`);
    expect(value("WorkingDirectory")).toBe(config.storage.path);
  });
});

describe("the Kubernetes manifest", () => {
  interface Manifest {
    kind: string;
    spec: {
      template: {
        spec: {
          containers: {
            env: { name: string; value: string }[];
            readinessProbe: { httpGet: { path: string } };
            livenessProbe: { httpGet: { path: string } };
            volumeMounts: { mountPath: string }[];
          }[];
        };
      };
    };
  }

  it("gives the collector valid settings, its probes and its disk", async () => {
    const manifests = parseAllDocuments(text("deploy/kubernetes.yaml")).map((part) => part.toJS() as Manifest);
    const container = manifests.find(({ kind }) => kind === "StatefulSet")?.spec.template.spec.containers[0];
    const set = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    const config = await configOf({ ...imageEnvironment(), ...set });
    expect(config.ui.allowed_hosts).toContain("spanloom");
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toContain(config.storage.path);
    expect(container?.readinessProbe.httpGet.path).toBe("/readyz");
    expect(container?.livenessProbe.httpGet.path).toBe("/healthz");
  });
});

/** Metrics that an expression asks for; of a histogram's series, the histogram. */
function metricsIn(expr: string): string[] {
  const names = expr.match(/\b(?:spanloom|process|nodejs)_\w+/g) ?? [];
  return names.map((name) => (documentedMetrics().has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, "")));
}

describe("the alert rules", () => {
  const { groups } = parse(text("deploy/prometheus/alerts.yaml")) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  it("ask for metrics that exist, and name labels that they have", () => {
    const documented = documentedMetrics();
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr, annotations } of rules) {
      const metrics = metricsIn(expr);
      if (metrics.length === 0) expect(expr).toMatch(/^up\b/);
      for (const metric of metrics) expect([...documented.keys()], alert).toContain(metric);
      const labels = ["instance", "job", ...metrics.flatMap((metric) => documented.get(metric) ?? [])];
      for (const [, label] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) expect(labels, alert).toContain(label);
    }
  });

  it("are those that the page on operations explains", () => {
    const explained = [...text("docs/operations.md").matchAll(/^\| `([^`]+ (?:==|>) [\d.]+)` \|/gm)].map(
      ([, expr]) => expr,
    );
    expect(explained.sort()).toEqual(rules.map(({ expr }) => expr).sort());
  });

  it("are loaded by the Prometheus of the compose file", () => {
    const { rule_files: files } = parse(text("deploy/prometheus/prometheus.yaml")) as { rule_files: string[] };
    for (const file of files)
      expect(text("compose.yaml")).toContain(`./deploy/prometheus/${file}:/etc/prometheus/${file}:`);
  });
});

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: { readonly expr: string; readonly legendFormat: string }[];
}

describe("the Grafana dashboard", () => {
  const { panels } = JSON.parse(text("deploy/grafana/spanloom.json")) as { panels: Panel[] };
  const targets = panels.flatMap((panel) => panel.targets ?? []);

  it("asks for metrics that exist, by labels that they have", () => {
    const documented = documentedMetrics();
    expect(targets.length).toBeGreaterThan(20);
    for (const { expr, legendFormat } of targets) {
      const metrics = metricsIn(expr);
      expect(metrics, expr).not.toHaveLength(0);
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels]) => (labels as string).split(", "));
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label as string);
      for (const metric of metrics) {
        expect([...documented.keys()], expr).toContain(metric);
        const le = /_bucket\b/.test(expr) ? ["le"] : [];
        const labels = ["instance", "job", ...le, ...(documented.get(metric) ?? [])];
        for (const label of [...grouped, ...shown]) expect(labels, `${expr} ${legendFormat}`).toContain(label);
      }
    }
  });

  it("shows every metric of a span's way, and no panel twice", () => {
    const shown = new Set(targets.flatMap(({ expr }) => metricsIn(expr)));
    const ofTheWay = [...documentedMetrics().keys()].filter((name) =>
      /^(?:process|nodejs|spanloom_(?:receiver|normalize|sampling|storage|exporter|query))_/.test(name),
    );
    expect(ofTheWay.filter((name) => !shown.has(name))).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it("is where the compose file's Grafana looks for it", () => {
    const provider = parse(text("deploy/grafana/provisioning/dashboards/spanloom.yaml")) as {
      providers: { options: { path: string } }[];
    };
    const folder = provider.providers[0]?.options.path;
    expect(text("compose.yaml")).toContain(`./deploy/grafana/spanloom.json:${folder}/spanloom.json`);
  });
});
