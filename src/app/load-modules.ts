import type { InlineModules } from "../storage/threads/start-inline.ts";
import type { Config } from "./config/config.ts";
import { type ConfiguredReceiver, loadReceivers } from "./receivers.ts";

export type LoadedModules = Awaited<ReturnType<typeof loadModules>>;

/** The parts of the store that runs in this thread. */
export async function loadThreadModules(): Promise<InlineModules> {
  const [ingest, query, exporting] = await Promise.all([
    import("./store-modules/ingest.ts"),
    import("./store-modules/query.ts"),
    import("./store-modules/export.ts"),
  ]);
  return { ingest, query, export: exporting };
}

/** What listens and answers, web server and gRPC included. */
export async function loadModules({ storage, discovery, proxy }: Config, receivers: readonly ConfiguredReceiver[]) {
  const late = loadsLate(storage);
  const [{ Discovery }, { openRegistryStore }, proxyModule] = await Promise.all([
    import("../discovery/discovery.ts"),
    import("../storage/folder/registry-store.ts"),
    proxy.routes.length === 0 ? undefined : import("./proxy.ts"),
    // These load by themselves when they start; by then they should be there.
    loadReceivers(receivers, late),
    late ? undefined : loadControl(),
    discovery.server.enabled ? import("../discovery/server/registry-server.ts") : undefined,
  ]);
  return { loadControl, Discovery, openRegistryStore, proxy: proxyModule };
}

/**
 * Whether web server and gRPC are loaded when somebody connects to them: a collector without a folder is often one of
 * many in a test, of which each is sent a few spans.
 */
export function loadsLate({ kind }: Config["storage"]): boolean {
  return kind === "memory";
}

/** The control application of the UI port, and its web server. */
async function loadControl() {
  const [{ createControlApp }, { createRegistryRoutes }] = await Promise.all([
    import("./ui-port/control-app.ts"),
    import("../discovery/server/registry-routes.ts"),
  ]);
  return { createControlApp, createRegistryRoutes };
}
