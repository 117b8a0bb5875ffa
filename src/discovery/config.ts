import { z } from "zod";
import type { HealthCheckSpec, Registration } from "../component/discovery.ts";
import { endpointSchema } from "../server/endpoint.ts";
import { tlsConfig } from "../server/tls.ts";
import { consulBackendConfig } from "./backends/consul.ts";
import { dnsBackendConfig } from "./backends/dns.ts";
import { etcdBackendConfig } from "./backends/etcd.ts";
import { kubernetesBackendConfig } from "./backends/kubernetes.ts";
import { localBackendConfig } from "./backends/local.ts";
import { HEALTH_DEFAULTS } from "./health/health-checker.ts";
import { authority } from "./instance/instance.ts";
import { registerConfig } from "./register-config.ts";
import { BALANCER_POLICY, DEFAULT_EJECTION } from "./registry/balancer.ts";

const BACKEND_TYPES = ["local", "consul", "etcd", "dns", "kubernetes"] as const;

const checkConfig = z
  .strictObject({
    type: z.enum(["http", "tcp", "grpc"]).describe("What is asked: a path, an accepted connection, grpc.health.v1."),
    path: z.string().startsWith("/").default("/health").describe("For http."),
    scheme: z.enum(["http", "https"]).default("http").describe("For http."),
    service: z.string().default("").describe("For grpc: full service name; empty is the whole server."),
    port: z.int().min(1).max(65_535).optional().describe("Default: the instance's."),
    interval_ms: z.int().min(10).default(HEALTH_DEFAULTS.intervalMs).describe("From one check to the next, ms."),
    timeout_ms: z.int().min(1).default(HEALTH_DEFAULTS.timeoutMs).describe("For one check, ms."),
    healthy_threshold: z.int().min(1).default(HEALTH_DEFAULTS.healthyThreshold).describe("Successes in a row."),
    unhealthy_threshold: z
      .int()
      .min(1)
      .default(HEALTH_DEFAULTS.unhealthyThreshold)
      .describe("Failures in a row; what no retry can mend counts at once."),
  })
  .describe("Without a check an instance of the config counts as healthy.");

const instanceConfig = z.strictObject({
  id: z.string().min(1).max(255).optional().describe("Default: <name>@<host>:<port>."),
  name: z.string().min(1).max(255).describe("Of the service."),
  host: z
    .string()
    .max(255)
    .regex(/^[\p{L}\p{N}_:][\p{L}\p{N}_.:-]*$/u, "expected a host name or address without port or brackets")
    .describe("Host name or address, without brackets."),
  port: z.int().min(1).max(65_535).describe("Where it listens."),
  tags: z.array(z.string().min(1)).default([]).describe("What lookups can ask for."),
  metadata: z.record(z.string(), z.string()).default({}).describe("Shown with the instance."),
  weight: z.number().min(0).max(65_535).default(1).describe("Share of requests relative to the others."),
  zone: z.string().min(1).optional().describe("Where it runs, shown with the instance."),
  health_check: checkConfig.optional(),
});
export type InstanceConfig = z.output<typeof instanceConfig>;

const READ_ONLY: readonly string[] = ["dns", "kubernetes"] satisfies readonly (typeof BACKEND_TYPES)[number][];

/** The `discovery` section of the config file. */
export const discoveryConfig = z
  .strictObject({
    backend: z
      .enum(BACKEND_TYPES)
      .default("local")
      .describe("Where services are looked up. The collector's own registry is `local` and runs beside any other."),
    local: localBackendConfig.prefault({}),
    consul: consulBackendConfig.prefault({}),
    etcd: etcdBackendConfig.prefault({}),
    dns: dnsBackendConfig.prefault({}),
    kubernetes: kubernetesBackendConfig.prefault({}),
    server: z
      .strictObject({
        enabled: z.boolean().default(true).describe("Whether the registry listens for Consul clients."),
        endpoint: endpointSchema.default("127.0.0.1:8500").describe("Consul's agent, catalog and health endpoints."),
        tokens: z
          .array(z.string().min(1))
          .default([])
          .describe(
            "Tokens of which clients must show one, as X-Consul-Token or Bearer, on the UI's port too where they change something; none: everybody may.",
          ),
        allowed_hosts: z.array(z.string()).default([]).describe("Host names besides localhost and addresses."),
        max_anonymous_instances: z
          .int()
          .min(1)
          .default(1_000)
          .describe("Most instances that one address registers while it shows no token."),
        datacenter: z.string().min(1).default("dc1").describe("Shown to Consul clients."),
        tls: tlsConfig.optional(),
      })
      .prefault({}),
    health: z
      .strictObject({
        allow_link_local: z.boolean().default(false).describe("Let health checks go to link-local addresses."),
        any_target: z
          .boolean()
          .default(false)
          .describe(
            "Let registered checks go to other hosts than the instance's own, with any method and headers, and show what these answer.",
          ),
      })
      .prefault({}),
    instances: z
      .array(instanceConfig)
      .default([])
      .superRefine((instances, context) => {
        const seen = new Set<string>();
        for (const [at, instance] of instances.entries()) {
          const id = instanceId(instance);
          if (seen.has(id)) {
            context.addIssue({ code: "custom", path: [at, "id"], message: `the id ${id} is given twice`, input: id });
          }
          seen.add(id);
        }
      })
      .describe("Instances that are always in the collector's registry."),
    register: registerConfig.prefault({}),
    balancing: z
      .strictObject({
        policy: z.enum(BALANCER_POLICY).default("weighted_round_robin").describe("How one of several is chosen."),
        ejection: z
          .strictObject({
            consecutive_failures: z
              .int()
              .min(1)
              .default(DEFAULT_EJECTION.consecutiveFailures)
              .describe("Failures in a row after which an instance is left out."),
            base_ms: z.int().min(1).default(DEFAULT_EJECTION.baseMs).describe("Times the number of ejections so far."),
            max_ms: z.int().min(1).default(DEFAULT_EJECTION.maxMs).describe("For how long at most, ms."),
          })
          .prefault({}),
      })
      .prefault({})
      .describe("Choosing among the instances behind discover:// endpoints. At most half of them are ejected at once."),
  })
  .superRefine(({ backend, register }, context) => {
    if (!register.enabled || !READ_ONLY.includes(backend)) return;
    const message = `the ${backend} backend only reads; expected discovery.backend local, consul or etcd`;
    context.addIssue({ code: "custom", path: ["register", "enabled"], message, input: register.enabled });
  });
export type DiscoveryConfig = z.output<typeof discoveryConfig>;

export function instanceId({ id, name, host, port }: Pick<InstanceConfig, "id" | "name" | "host" | "port">): string {
  return id ?? `${name}@${authority(host, port)}`;
}

/** An instance of the config as it is registered. */
export function staticRegistration(config: InstanceConfig): Registration {
  const { name, host, port, tags, metadata, weight, zone, health_check } = config;
  return {
    id: instanceId(config),
    name,
    host,
    port,
    tags,
    metadata,
    weight,
    ...(zone === undefined ? {} : { zone }),
    ...(health_check === undefined ? {} : { check: checkSpec(health_check, host, port) }),
  };
}

function checkSpec(check: z.output<typeof checkConfig>, host: string, instancePort: number): HealthCheckSpec {
  const port = check.port ?? instancePort;
  const timing = {
    intervalMs: check.interval_ms,
    timeoutMs: check.timeout_ms,
    healthyThreshold: check.healthy_threshold,
    unhealthyThreshold: check.unhealthy_threshold,
  };
  if (check.type === "http")
    return { ...timing, type: "http", url: `${check.scheme}://${authority(host, port)}${check.path}` };
  return check.type === "tcp"
    ? { ...timing, type: "tcp", host, port }
    : { ...timing, type: "grpc", host, port, service: check.service };
}
