import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { consulBackendConfig } from "../../src/discovery/backends/consul.ts";
import { dnsBackendConfig } from "../../src/discovery/backends/dns.ts";
import { etcdBackendConfig } from "../../src/discovery/backends/etcd.ts";
import { kubernetesBackendConfig } from "../../src/discovery/backends/kubernetes.ts";
import { discoveryConfig } from "../../src/discovery/config.ts";
import { Discovery } from "../../src/discovery/discovery.ts";
import { systemSearchDomain } from "../../src/discovery/dns/search-domain.ts";
import { memoryRegistryStore } from "../../src/discovery/registry/memory-store.ts";
import { BACKEND_CHECKS } from "../../src/sdk/declarations/backend-options.ts";
import type { ServiceOptions } from "../../src/sdk/declarations/options.ts";
import { service } from "../../src/sdk/declarations/service.ts";
import { ConsulContractServer } from "../support/discovery/consul-contract-server.ts";
import { declareServices, portOf } from "../support/discovery/declared-services.ts";
import { DnsContractServer } from "../support/discovery/dns-contract-server.ts";
import { KubeContractServer, type Slice } from "../support/discovery/kube-contract-server.ts";
import { eventually } from "../support/eventually.ts";
import { testHost } from "../support/host.ts";

const ANSWER = { status: 200, body: { reserved: 2 } };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-declared-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("services that declare their backend, with nothing else told to them", () => {
  it("find each other over Consul", async () => {
    const consul = new ConsulContractServer("secret");
    await consul.start();
    onTestFinished(() => consul.stop());
    const { orders, inventory, order, records } = declareServices(
      `consul([endpoint('http://127.0.0.1:${consul.port}'), token(secret)])`,
    );
    await inventory.start();
    await orders.start();
    expect(await order()).toEqual(ANSWER);
    await inventory.stop();
    expect(consul.definition(inventory.id)).toBeUndefined();
    expect(await order()).toMatchObject({ status: 500 });
    await orders.stop();
    const reserved = records.find(({ service: name }) => name === "inventory_service")?.span;
    const caller = records.find(({ span }) => span.spanId === reserved?.parentSpanId);
    expect([caller?.service, caller?.span.name]).toEqual(["order_service", "POST /reserve_items"]);
    consul.dispose();
  });

  it("find each other over the collector's registry", async () => {
    const config = discoveryConfig.parse({ server: { endpoint: "127.0.0.1:0", tokens: ["t"] } });
    const discovery = new Discovery(config, { store: memoryRegistryStore() });
    await discovery.start(testHost());
    onTestFinished(() => discovery.shutdown(AbortSignal.timeout(2_000)));
    const backend = `local([endpoint('http://${discovery.address}'), token(t)])`;
    const { orders, inventory, order } = declareServices(backend);
    await inventory.start();
    await orders.start();
    expect(await order()).toEqual(ANSWER);
  });

  it.each(["by search domain", "by domain", "by query"])("find each other over DNS, %s", async (how) => {
    const dns = new DnsContractServer();
    await dns.start();
    onTestFinished(() => dns.stop());
    const query = how === "by query" ? "_http._tcp.stock.shop.test" : "_inventory_service._tcp.shop.test";
    const options = {
      "by search domain": "",
      "by domain": ", domain('shop.test')",
      "by query": `, services([inventory_service([query('${query}'), tags([production])])])`,
    }[how];
    vi.stubEnv("LOCALDOMAIN", "shop.test other.test");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { orders, inventory, order } = declareServices(
      `dns([servers(['127.0.0.1:${dns.port}']), min_refresh_ms(20)${options}])`,
      {},
      how === "by query" ? "[production]" : "[]",
    );
    await inventory.start();
    await orders.start();
    // A zone that others keep: nothing is registered, and nothing is tried.
    expect([inventory.registered, orders.registered]).toEqual([false, false]);
    dns.records = [{ name: query, type: "srv", ttl: 0, data: `0 0 ${portOf(inventory)} localhost` }];
    await eventually(async () => expect(await order()).toEqual(ANSWER));
    dns.records = [{ name: query, type: "srv", ttl: 0, data: "0 0 0 ." }];
    await eventually(async () => expect(await order()).toMatchObject({ status: 500 }));
  });

  it("find each other over Kubernetes, by names that Kubernetes can have", async () => {
    const kube = new KubeContractServer("pod-token");
    await kube.start();
    onTestFinished(() => kube.stop());
    writeFileSync(join(folder, "token"), "pod-token\n");
    const backend = `kubernetes([api_server('http://127.0.0.1:${kube.port}'), token_file('${join(folder, "token")}'), namespace(shop)])`;
    const { orders, inventory, order } = declareServices(backend);
    await inventory.start();
    await orders.start();
    expect(inventory.registered).toBe(false);
    kube.put(sliceOf("inventory-service", portOf(inventory)));
    await eventually(async () => expect(await order()).toEqual(ANSWER));
    kube.remove("inventory-service-1");
    await eventually(async () => expect(await order()).toMatchObject({ status: 500 }));
  });
});

describe("a backend that cannot work", () => {
  it.each<[ServiceOptions["discovery_backend"], RegExp]>([
    ["kubernetes", /this is no pod \(KUBERNETES_SERVICE_HOST is not set\); give kubeconfig, or api_server/],
    [{ etcd: { username: "me" } }, /discovery_backend\.etcd: username and password must be given together/],
    [{ etcd: { prefix: "a b" } }, /discovery_backend\.etcd\.prefix: expected a path such as/],
    [{ etcd: { tls: { ca_file: "/nowhere/ca.pem" } } }, /etcd\.tls\.ca_file: cannot read \/nowhere\/ca\.pem/],
    [{ dns: { servers: ["dns.shop.test"] } }, /discovery_backend\.dns\.servers\.0: "dns\.shop\.test" is no DNS server/],
    [{ kubernetes: { context: "x" } }, /discovery_backend\.kubernetes: context belongs to kubeconfig/],
  ])("%j is refused when the service starts, which leaves nothing open", async (discovery_backend, message) => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
    vi.stubEnv("LOCALDOMAIN", "shop.test");
    onTestFinished(() => void vi.unstubAllEnvs());
    const made = service("a", { discovery_enabled: true, discovery_backend: discovery_backend as "etcd" }, {});
    await expect(made.start()).rejects.toThrow(message);
    expect(made.url).toBeUndefined();
    await made.stop();
  });

  it("says that DNS has no domain to ask in", async () => {
    vi.stubEnv("LOCALDOMAIN", "");
    onTestFinished(() => void vi.unstubAllEnvs());
    const made = service("a", { discovery_enabled: true, discovery_backend: "dns" }, {});
    await expect(made.start()).rejects.toThrow(
      "discovery_backend.dns: the system has no search domain to ask in; expected the option domain or services",
    );
    await made.stop();
  });
});

it("takes the options that the config of the collector has", () => {
  const configs = { etcd: etcdBackendConfig, dns: dnsBackendConfig, kubernetes: kubernetesBackendConfig };
  for (const [name, config] of Object.entries(configs)) {
    expect(Object.keys(BACKEND_CHECKS[name as keyof typeof configs])).toEqual(Object.keys(config.shape));
  }
  for (const name of ["consul", "local"] as const) {
    expect(Object.keys(consulBackendConfig.shape)).toEqual(expect.arrayContaining(Object.keys(BACKEND_CHECKS[name])));
  }
});

it.each([
  ["search shop.test. other.test\n", "shop.test"],
  ["# search a.test\ndomain b.test\nsearch c.test d.test\nnameserver 10.0.0.2\n", "c.test"],
  ["nameserver 10.0.0.2\n", undefined],
  ["search .\n", undefined],
])("reads the search domain of a resolv.conf: %j", async (text, domain) => {
  const path = join(folder, "resolv.conf");
  writeFileSync(path, text);
  expect(await systemSearchDomain({}, path)).toBe(domain);
  expect(await systemSearchDomain({ LOCALDOMAIN: "local.test x" }, path)).toBe("local.test");
  expect(await systemSearchDomain({}, join(folder, "none"))).toBeUndefined();
});

function sliceOf(name: string, port: number): Slice {
  return {
    metadata: {
      name: `${name}-1`,
      namespace: "shop",
      labels: { "kubernetes.io/service-name": name, "tag.spanloom.io/production": "true" },
    },
    addressType: "IPv4",
    ports: [{ name: "http", port, protocol: "TCP" }],
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
  };
}
