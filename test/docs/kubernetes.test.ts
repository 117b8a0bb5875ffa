import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { itWhere } from "../support/requires.ts";
import { text } from "./files.ts";

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
}

interface Pod {
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number; readonly fsGroup: number };
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
}

interface Service {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly selector: object;
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort?: string }[];
  };
}

interface StatefulSet {
  readonly spec: {
    readonly replicas: number;
    readonly serviceName: string;
    readonly selector: { readonly matchLabels: object };
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
  };
}

const [service, set] = parseAllDocuments(text("deploy/kubernetes.yaml")).map((part) => part.toJS()) as [
  Service,
  StatefulSet,
];
const pod = set.spec.template.spec;
const [container] = pod.containers;
const settings = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
/** Ports that nothing has and a folder that goes, in place of the image's. */
const elsewhere = (folder: string): Record<string, string> => ({
  SPANLOOM_RECEIVERS__OTLP__PROTOCOLS__GRPC__ENDPOINT: "127.0.0.1:0",
  SPANLOOM_RECEIVERS__OTLP__PROTOCOLS__HTTP__ENDPOINT: "127.0.0.1:0",
  SPANLOOM_UI__ENDPOINT: "127.0.0.1:0",
  SPANLOOM_STORAGE__PATH: join(folder, "data"),
  SPANLOOM_TELEMETRY__LOGS__FORMAT: "json",
});

/** What a cluster puts into every pod of the namespace for the Service, where the pod does not refuse it. */
function serviceLinks({ metadata, spec }: Service, address = "10.96.0.17"): Record<string, string> {
  const prefix = metadata.name.toUpperCase().replaceAll("-", "_");
  const [first] = spec.ports;
  const made: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: address,
    [`${prefix}_SERVICE_PORT`]: String(first?.port),
    [`${prefix}_PORT`]: `tcp://${address}:${first?.port}`,
  };
  for (const { name, port } of spec.ports) {
    made[`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll("-", "_")}`] = String(port);
    made[`${prefix}_PORT_${port}_TCP`] = `tcp://${address}:${port}`;
    made[`${prefix}_PORT_${port}_TCP_PROTO`] = "tcp";
    made[`${prefix}_PORT_${port}_TCP_PORT`] = String(port);
    made[`${prefix}_PORT_${port}_TCP_ADDR`] = address;
  }
  return made;
}

/** Starts the built command with nothing but an environment, asks the probes, and stops it as a cluster does. */
async function startAndStop(environment: Readonly<Record<string, string>>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-pod-"));
  const env = { ...plainEnvironment(), ...environment, ...elsewhere(folder) };
  const child = spawn(process.execPath, [MAIN], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const gone = new Promise<number | null>((done) => child.once("exit", done));
  try {
    const ui = await new Promise<string>((done, reject) => {
      let said = "";
      const hear = (chunk: Buffer) => {
        said += chunk.toString();
        const url = /"message":"spanloom is ready".*"ui":"([^"]+)"/.exec(said)?.[1];
        if (url !== undefined) done(url);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      void gone.then((code) => reject(new Error(`the collector ended with ${code}: ${said}`)));
    });
    for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      expect((await fetch(new URL(httpGet.path, ui))).status).toBe(200);
    }
    child.kill("SIGTERM");
    expect(await gone).toBe(0);
  } finally {
    child.kill("SIGKILL");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  }
}

const takesLinks =
  spawnSync(process.execPath, [MAIN, "config", "check"], {
    cwd: tmpdir(),
    env: { ...plainEnvironment(), ...serviceLinks(service) },
  }).status === 0;

describe("the Kubernetes manifest", () => {
  it("makes a pod that starts, answers its probes and stops", () => startAndStop(settings), 60_000);

  itWhere(
    takesLinks,
    "this build takes the variables of a Service for settings",
    "starts with the variables that a cluster makes for its Service",
    () => startAndStop({ ...settings, ...serviceLinks(service) }),
  );

  it("keeps those variables from its own pod", () => {
    expect(pod.enableServiceLinks).toBe(false);
    expect(serviceLinks(service)).toMatchObject({
      SPANLOOM_PORT: "tcp://10.96.0.17:4317",
      SPANLOOM_SERVICE_PORT_OTLP_GRPC: "4317",
      SPANLOOM_PORT_4317_TCP_ADDR: "10.96.0.17",
    });
  });

  it("leads the Service's ports to the container's, and probes one of them", () => {
    const served = container.ports.map(({ name, containerPort }) => `${name} ${containerPort}`);
    expect(service.spec.ports.map(({ name, port }) => `${name} ${port}`)).toEqual(served);
    const exposed = /^EXPOSE (.*)$/m.exec(text("Dockerfile"))?.[1]?.split(" ") ?? [];
    for (const { containerPort } of container.ports) expect(exposed).toContain(String(containerPort));
    const names = container.ports.map(({ name }) => name);
    for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      expect(names).toContain(httpGet.port);
    }
    expect(set.spec.template.metadata.labels).toMatchObject(service.spec.selector);
    expect(set.spec.selector.matchLabels).toEqual(service.spec.selector);
    expect(set.spec.serviceName).toBe(service.metadata.name);
  });

  it("mounts every volume that it has, one process a folder, as the image's user", () => {
    const volumes = [...pod.volumes, ...set.spec.volumeClaimTemplates.map(({ metadata }) => metadata)];
    const mounts = container.volumeMounts;
    expect(mounts.map(({ name }) => name).sort()).toEqual(volumes.map(({ name }) => name).sort());
    expect(set.spec.replicas).toBe(1);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(10);
    // `node` of the image.
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });
});
