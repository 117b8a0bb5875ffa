import type { z } from "zod";
import type { ComponentFactory, Host } from "../component/component.ts";
import type { DiscoveryBackend } from "../component/discovery.ts";
import { PermanentError } from "../component/errors.ts";
import type { Logger } from "../component/logger.ts";
import { Metrics } from "../component/metrics.ts";
import { dnsBackend, type dnsBackendConfig } from "./backends/dns.ts";
import { etcdBackend, type etcdBackendConfig } from "./backends/etcd.ts";
import { kubernetesBackend, type kubernetesBackendConfig } from "./backends/kubernetes.ts";
import { systemSearchDomain } from "./dns/search-domain.ts";
import { type DiscoveryClient, openDiscoveryClient } from "./registry/discovery-client.ts";

/** A backend as a service declares it; the options are those of its section in the config. */
export type BackendDeclaration =
  | { readonly type: "etcd"; readonly options: z.input<typeof etcdBackendConfig> }
  | { readonly type: "dns"; readonly options: z.input<typeof dnsBackendConfig> }
  | { readonly type: "kubernetes"; readonly options: z.input<typeof kubernetesBackendConfig> };

/** One thing that is wrong with a declaration. */
export interface OptionIssue {
  /** As `discovery_backend.etcd.endpoint`. */
  readonly path: string;
  readonly message: string;
}

const FACTORIES = { etcd: etcdBackend, dns: dnsBackend, kubernetes: kubernetesBackend } as const;

/**
 * A client of a declared backend, for programs that are no collector: this module loads neither database nor web server
 * nor gRPC. Without a domain and services, `dns` asks in the system's search domain.
 * @throws PermanentError `config_invalid` naming the options that cannot work, as `discovery_backend.etcd.endpoint`
 */
export async function openDeclaredBackend(declared: BackendDeclaration, logger: Logger): Promise<DiscoveryClient> {
  const host: Host = { logger, metrics: new Metrics(), userAgent: "spanloom-sdk" };
  return openDiscoveryClient(await createBackend(declared), host);
}

/** What the options of a declaration are wrong in, by themselves and together; nothing is read or asked. */
export function checkDeclaredBackend({ type, options }: BackendDeclaration): readonly OptionIssue[] {
  const read = FACTORIES[type].config.safeParse(options);
  return read.success ? [] : read.error.issues.map(({ path, message }) => issueOf(type, path, message));
}

async function createBackend(declared: BackendDeclaration): Promise<DiscoveryBackend> {
  switch (declared.type) {
    case "etcd":
      return create(FACTORIES.etcd, declared.options);
    case "dns":
      return create(FACTORIES.dns, await withDomain(declared.options));
    case "kubernetes":
      return create(FACTORIES.kubernetes, declared.options);
  }
}

function create<Config>(factory: ComponentFactory<Config, unknown, DiscoveryBackend>, options: object) {
  const read = factory.config.safeParse(options);
  if (read.success) return factory.create({}, read.data);
  const issues = read.error.issues.map(({ path, message }) => issueOf(factory.type, path, message));
  throw new PermanentError("config_invalid", issues.map((issue) => `${issue.path}: ${issue.message}`).join("; "));
}

function issueOf(type: string, path: readonly PropertyKey[], message: string): OptionIssue {
  return { path: ["discovery_backend", type, ...path].join("."), message };
}

async function withDomain(options: z.input<typeof dnsBackendConfig>): Promise<z.input<typeof dnsBackendConfig>> {
  if (options.domain !== undefined || options.services !== undefined) return options;
  const domain = await systemSearchDomain(process.env);
  if (domain !== undefined) return { ...options, domain };
  throw new PermanentError(
    "config_invalid",
    "discovery_backend.dns: the system has no search domain to ask in; expected the option domain or services",
  );
}
