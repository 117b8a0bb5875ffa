import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DiscoveryRig, discoveryConformance } from "../../../test/support/discovery/conformance.ts";
import { testHost } from "../../../test/support/host.ts";
import type { DiscoveryBackend, RegistryStore } from "../../component/discovery.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import { openRegistryStore } from "../../storage/folder/registry-store.ts";
import type { LocalRegistry } from "../registry/local-registry.ts";
import { memoryRegistryStore } from "../registry/memory-store.ts";
import { localBackend, localBackendConfig } from "./local.ts";

/** Every client is a view of the one registry of this process, which a restart replaces. */
async function localRig(openStore: () => RegistryStore, cleanUp: () => void): Promise<DiscoveryRig> {
  const make = (): LocalRegistry => localBackend.create({ store: openStore() }, localBackendConfig.parse({}));
  let current = make();
  await current.start(testHost());
  return {
    client: () => viewOf(() => current),
    async stop() {
      await current.shutdown();
    },
    async restart() {
      current = make();
      await current.start(testHost());
    },
    hasTokens: false,
    tagsPerInstance: true,
    ttlMs: 400,
    async close() {
      await current.shutdown();
      cleanUp();
    },
  };
}

function viewOf(current: () => LocalRegistry): DiscoveryBackend {
  let open = true;
  const registry = () => {
    if (!open) void current().shutdown();
    return current();
  };
  return {
    type: "local",
    capabilities: current().capabilities,
    start: async () => {},
    shutdown: async () => {
      open = false;
    },
    register: (instance, ttlMs) => registry().register(instance, ttlMs),
    deregister: (id) => registry().deregister(id),
    heartbeat: (id) => registry().heartbeat(id),
    discover: (name, tags) => registry().discover(name, tags),
    watch: (name, signal) => registry().watch(name, signal),
    list: () => registry().list(),
  };
}

const shared = { store: memoryRegistryStore() };
discoveryConformance("local, in memory", () => {
  shared.store = memoryRegistryStore();
  return localRig(
    () => shared.store,
    () => {},
  );
});

discoveryConformance("local, in SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-registry-"));
  return localRig(
    () => openRegistryStore(folder, SILENT_LOGGER),
    () => rmSync(folder, { recursive: true }),
  );
});
