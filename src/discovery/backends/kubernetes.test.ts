import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { discoveryConformance } from "../../../test/support/discovery/conformance.ts";
import { KubeContractServer, type Slice } from "../../../test/support/discovery/kube-contract-server.ts";
import { TcpGate } from "../../../test/support/discovery/rig.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { testHost } from "../../../test/support/host.ts";
import type { DiscoveryBackend, Registration, ServiceInstance } from "../../component/discovery.ts";
import { inClusterAccess, kubeconfigAccess } from "../client/kube-access.ts";
import { kubernetesBackend, kubernetesBackendConfig } from "./kubernetes.ts";

const TOKEN = "service-account-token";

function kubeconfig(folder: string, port: number, token: string): string {
  const path = join(folder, `config-${token}-${port}.yaml`);
  writeFileSync(
    path,
    `apiVersion: v1
kind: Config
current-context: test
contexts: [{ name: test, context: { cluster: one, user: me, namespace: shop } }]
clusters: [{ name: one, cluster: { server: "http://127.0.0.1:${port}" } }]
users: [{ name: me, user: { token: ${token} } }]
`,
  );
  return path;
}

function slice(name: string, service: string, more: object): Slice {
  return {
    metadata: { name, namespace: "shop", labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    endpoints: [],
    ...more,
  };
}

function sliceOf({ id, name, host, port, tags = [] }: Registration): Slice {
  const base = slice(`${name}-${id}`, name, {
    ports: [{ port }],
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
  });
  const labels = Object.fromEntries(tags.map((tag) => [`tag.spanloom.io/${tag}`, "true"]));
  return { ...base, metadata: { ...base.metadata, labels: { ...base.metadata.labels, ...labels } } };
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-kube-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

discoveryConformance("kubernetes, by its documentation", async () => {
  const server = new KubeContractServer(TOKEN);
  await server.start();
  const gate = await TcpGate.open(server.port);
  return {
    client: ({ token = TOKEN, timeoutMs = 5_000 } = {}) =>
      kubernetesBackend.create(
        {},
        kubernetesBackendConfig.parse({
          kubeconfig: kubeconfig(folder, gate.port, token),
          timeout_ms: timeoutMs,
        }),
      ),
    async seed(instances) {
      const slices = instances.map(sliceOf);
      for (const name of server.names())
        if (!slices.some(({ metadata }) => metadata.name === name)) server.remove(name);
      for (const item of slices) server.put(item);
    },
    async stop() {
      await gate.close();
      await server.stop();
    },
    async restart() {
      await server.start();
      await gate.open(server.port);
    },
    stall: (stalled) => gate.stall(stalled),
    hasTokens: true,
    tagsPerInstance: true,
    ttlMs: 100,
    async close() {
      await gate.close();
      await server.stop();
    },
  };
});

describe("the kubernetes backend", () => {
  let server: KubeContractServer;
  let backend: DiscoveryBackend;
  let abort: AbortController;
  let seen: ServiceInstance[][];
  let watching: Promise<void>;

  beforeEach(async () => {
    server = new KubeContractServer(TOKEN);
    await server.start();
    backend = kubernetesBackend.create(
      {},
      kubernetesBackendConfig.parse({ kubeconfig: kubeconfig(folder, server.port, TOKEN), port_name: "http" }),
    );
    await backend.start(testHost());
    abort = new AbortController();
    seen = [];
  });
  afterEach(async () => {
    abort.abort();
    await watching;
    await backend.shutdown(AbortSignal.abort());
    await server.stop();
  });

  const watch = async (): Promise<void> => {
    watching = (async () => {
      for await (const instances of backend.watch("orders", abort.signal)) seen.push(instances);
    })();
    await eventually(() => expect(server.watchers).toBe(1));
  };
  const hosts = (): (string | undefined)[] | undefined => seen.at(-1)?.map(({ host }) => host);
  const endpoint = (address: string, conditions: object = { ready: true }) => ({ addresses: [address], conditions });

  it("merges the slices of a service, takes its port by name, and keeps zone, node and pod", async () => {
    const detailed = {
      ...endpoint("10.0.0.1"),
      zone: "eu-1a",
      nodeName: "n1",
      targetRef: { kind: "Pod", name: "orders-x" },
    };
    server.put(
      slice("s1", "orders", {
        ports: [
          { name: "metrics", port: 1 },
          { name: "http", port: 8080 },
        ],
        endpoints: [detailed],
      }),
    );
    server.put(slice("s2", "orders", { endpoints: [endpoint("10.0.0.2"), endpoint("10.0.0.1")] }));
    server.put(slice("s3", "orders", { addressType: "IPv6", endpoints: [endpoint("fd00::1")] }));
    server.put(slice("s4", "orders", { ports: [{ name: "other", port: 9 }], endpoints: [endpoint("10.0.0.9")] }));
    server.put(slice("s5", "orders", { ports: null, endpoints: null }));
    const found = await backend.discover("orders");
    expect(found.map(({ host, port }) => `${host} ${port}`)).toEqual([
      "10.0.0.1 8080",
      "10.0.0.2 8080",
      "fd00::1 8080",
    ]);
    expect(found[0]).toMatchObject({ zone: "eu-1a", metadata: { namespace: "shop", node: "n1", pod: "orders-x" } });
    watching = Promise.resolve();
  });

  it("reads ready, serving and terminating as kube-proxy does", async () => {
    const ready = endpoint("10.0.0.1");
    const unsaid = endpoint("10.0.0.2", {});
    const draining = endpoint("10.0.0.3", { ready: false, serving: true, terminating: true });
    const down = endpoint("10.0.0.4", { ready: false, serving: false, terminating: false });
    server.put(slice("s1", "orders", { endpoints: [ready, unsaid, draining, down] }));
    await watch();
    expect(seen.at(-1)?.map(({ health }) => health)).toEqual(["healthy", "healthy", "unhealthy", "unhealthy"]);
    server.put(slice("s1", "orders", { endpoints: [draining, down] }));
    await eventually(() => expect(seen.at(-1)?.map(({ health }) => health)).toEqual(["healthy", "unhealthy"]));
  });

  it("goes on from a bookmark when a watch ends, without listing again", async () => {
    server.put(slice("s1", "orders", { endpoints: [endpoint("10.0.0.1")] }));
    await watch();
    server.bookmark();
    server.compact();
    server.endWatches();
    await eventually(() => expect(server.watchers).toBe(1));
    server.put(slice("s1", "orders", { endpoints: [endpoint("10.0.0.2")] }));
    await eventually(() => expect(hosts()).toEqual(["10.0.0.2"]));
    expect(server.requests.filter((url) => !url.includes("watch=true"))).toHaveLength(1);
  });

  it("lists again when the version is gone, by status and by an event", async () => {
    server.put(slice("s1", "orders", { endpoints: [endpoint("10.0.0.1")] }));
    await watch();
    server.sendError(410, "too old resource version: 101 (150)");
    server.put(slice("s1", "orders", { endpoints: [endpoint("10.0.0.2")] }));
    await eventually(() => expect(hosts()).toEqual(["10.0.0.2"]));
    await eventually(() => expect(server.watchers).toBe(1));
    server.endWatches();
    server.put(slice("s2", "billing", {}));
    server.put(slice("s1", "orders", { endpoints: [endpoint("10.0.0.3")] }));
    server.compact();
    await eventually(() => expect(hosts()).toEqual(["10.0.0.3"]));
    expect(server.requests.filter((url) => !url.includes("watch=true")).length).toBeGreaterThanOrEqual(2);
  });

  it("lists less and less often where every watch is answered 410", async () => {
    server.alwaysGone = true;
    server.put(slice("s1", "orders", { endpoints: [endpoint("10.0.0.1")] }));
    watching = (async () => {
      for await (const instances of backend.watch("orders", abort.signal)) seen.push(instances);
    })();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const lists = server.requests.filter((url) => !url.includes("watch=true")).length;
    expect(lists).toBeGreaterThan(1);
    expect(lists).toBeLessThan(10);
    expect(hosts()).toEqual(["10.0.0.1"]);
  });

  it("reads lists in pages, and begins again when a page has expired", async () => {
    server.pageSize = 2;
    for (let i = 1; i <= 5; i++) server.put(slice(`s${i}`, "orders", { endpoints: [endpoint(`10.0.0.${i}`)] }));
    server.expiredPages = 1;
    expect(await backend.discover("orders")).toHaveLength(5);
    watching = Promise.resolve();
  });

  it("reports other errors in a watch and lines that cannot be read", async () => {
    const failing = async (): Promise<unknown> => {
      try {
        for await (const _ of backend.watch("orders", abort.signal));
        return undefined;
      } catch (error) {
        return error;
      }
    };
    let failed = failing();
    await eventually(() => expect(server.watchers).toBe(1));
    server.sendError(500, "etcdserver: no leader");
    expect(await failed).toMatchObject({ code: "unreachable", message: expect.stringContaining("no leader") });
    failed = failing();
    await eventually(() => expect(server.watchers).toBe(1));
    server.sendRaw("{nonsense\n");
    expect(await failed).toMatchObject({ code: "malformed" });
    watching = Promise.resolve();
  });

  it("refuses names that no Service can have", async () => {
    await expect(backend.discover("a/b")).rejects.toMatchObject({ code: "bad_request" });
    watching = Promise.resolve();
  });
});

describe("access to Kubernetes", () => {
  it("comes from the pod's service account, with a token that is read again", async () => {
    writeFileSync(join(folder, "ca.crt"), "CA");
    writeFileSync(join(folder, "namespace"), "shop\n");
    writeFileSync(join(folder, "token"), "one\n");
    const access = await inClusterAccess(
      { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" },
      folder,
    );
    expect(access).toMatchObject({ server: "https://[fd00::1]:443", namespace: "shop", insecureSkipVerify: false });
    expect(await access.token()).toBe("one");
    writeFileSync(join(folder, "token"), "two");
    expect(await access.token()).toBe("two");
    await expect(inClusterAccess({}, folder)).rejects.toThrow(/this is no pod/);
  });

  it("comes from a kubeconfig, with inline data and with files beside it", async () => {
    writeFileSync(join(folder, "client.key"), "KEY");
    const path = join(folder, "config");
    writeFileSync(
      path,
      `contexts: [{ name: c, context: { cluster: k, user: u } }]
clusters: [{ name: k, cluster: { server: "https://k:6443", certificate-authority-data: ${Buffer.from("CA").toString("base64")}, tls-server-name: n } }]
users: [{ name: u, user: { client-certificate-data: ${Buffer.from("CERT").toString("base64")}, client-key: client.key } }]
`,
    );
    const access = await kubeconfigAccess(path, "c");
    expect(access).toMatchObject({ server: "https://k:6443", servername: "n", namespace: undefined });
    expect([access.ca, access.cert, access.key].map(String)).toEqual(["CA", "CERT", "KEY"]);
    expect(await access.token()).toBeUndefined();
  });

  it.each([
    ["contexts: []", /no current-context/],
    ["current-context: x\ncontexts: [{ name: y }]", /no context "x"; it has y/],
    ["current-context: x\ncontexts: [{ name: x, context: { cluster: z } }]", /names no known cluster/],
    [
      "current-context: x\ncontexts: [{ name: x, context: { cluster: k } }]\nclusters: [{ name: k, cluster: { server: 7 } }]",
      /expected a URL/,
    ],
    [
      "current-context: x\ncontexts: [{ name: x, context: { cluster: k, user: u } }]\nclusters: [{ name: k, cluster: { server: 'http://k' } }]\nusers: [{ name: u, user: { exec: { command: aws } } }]",
      /credential plugin/,
    ],
    ["a: [", /kubeconfig/],
  ])("names what is wrong with a kubeconfig: %#", async (text, message) => {
    const path = join(folder, "config");
    writeFileSync(path, text);
    await expect(kubeconfigAccess(path)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(message),
    });
  });
});
