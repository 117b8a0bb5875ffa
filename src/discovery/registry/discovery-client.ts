import type { Host } from "../../component/component.ts";
import type { DiscoveryBackend } from "../../component/discovery.ts";
import { ServiceRegistry, type ServiceRegistrySettings } from "./registry.ts";

/** Finding services without being the collector. */
export interface DiscoveryClient {
  readonly registry: ServiceRegistry;
  close(): Promise<void>;
}

/** Starts the backend, which the client then owns. @throws PermanentError `config_invalid`, with nothing left open */
export async function openDiscoveryClient(
  backend: DiscoveryBackend,
  host: Host,
  settings: Partial<ServiceRegistrySettings> = {},
): Promise<DiscoveryClient> {
  await backend.start(host);
  const registry = new ServiceRegistry({ ...settings, backend, logger: host.logger });
  return {
    registry,
    async close() {
      await registry.close();
      await backend.shutdown(AbortSignal.abort());
    },
  };
}
