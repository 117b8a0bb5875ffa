import { z } from "zod";
import type { ComponentFactory } from "../../component/component.ts";
import type { Registration, RegistryStore } from "../../component/discovery.ts";
import { LocalRegistry } from "../registry/local-registry.ts";

export const localBackendConfig = z.strictObject({
  keep_expired_ttls: z
    .number()
    .min(0)
    .max(1_000)
    .default(1)
    .describe("An instance whose TTL ran out is shown as unhealthy for this many TTLs, then removed."),
  max_instances: z.int().min(1).max(1_000_000).default(10_000).describe("Further registrations are refused."),
});
export type LocalBackendConfig = z.output<typeof localBackendConfig>;

export interface LocalBackendSettings {
  readonly store: RegistryStore;
  /** From the config; they are not kept in the store. */
  readonly staticInstances?: readonly Registration[];
  /** Let health checks go to link-local addresses. */
  readonly allowLinkLocal?: boolean;
  /** Show what targets of checks answer. */
  readonly showAnswers?: boolean;
  /** Most instances of one peer that shows no token. */
  readonly maxAnonymousInstances?: number;
}

/** The registry in the collector itself; the default. */
export const localBackend: ComponentFactory<LocalBackendConfig, LocalBackendSettings, LocalRegistry> = {
  type: "local",
  stability: "beta",
  config: localBackendConfig,
  create: (settings, config) =>
    new LocalRegistry({
      ...settings,
      keepExpiredTtls: config.keep_expired_ttls,
      maxInstances: config.max_instances,
    }),
};
