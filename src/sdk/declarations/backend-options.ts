import { DAY_MS } from "../../model/time.ts";
import {
  type Check,
  type DeclarationIssue,
  fieldsOf,
  isBoolean,
  isRecord,
  listOf,
  oneOf,
  textOf,
  wholeNumber,
  wrong,
} from "./checks.ts";

export const DISCOVERY_BACKENDS = ["local", "consul", "etcd", "dns", "kubernetes"] as const;
export type DiscoveryBackendName = (typeof DISCOVERY_BACKENDS)[number];

/** Of `local`, the collector's registry, and of `consul`. */
export interface AgentOptions {
  /** Default `http://localhost:8500`. */
  readonly endpoint?: string;
  readonly token?: string;
}

/** The options of `discovery.etcd` in the collector's config. */
export interface EtcdOptions {
  /** Default `http://localhost:2379`. */
  readonly endpoint?: string;
  /** Keys are `<prefix>/<service>/<id>`. Default `/spanloom/services`. */
  readonly prefix?: string;
  readonly username?: string;
  readonly password?: string;
  readonly timeout_ms?: number;
  readonly tls?: RegistryTlsOptions;
}

export interface RegistryTlsOptions {
  readonly ca_file?: string;
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly server_name_override?: string;
  readonly insecure_skip_verify?: boolean;
}

/** The options of `discovery.dns` in the collector's config. */
export interface DnsOptions {
  /** `address` or `address:port`. Default: the system's. */
  readonly servers?: string[];
  /**
   * A service is asked for as SRV record `_<service>._tcp.<domain>`. Default: the first of the system's search domains.
   */
  readonly domain?: string;
  /** What to ask for instead, by service name. */
  readonly services?: Record<string, DnsServiceOptions>;
  readonly timeout_ms?: number;
  readonly min_refresh_ms?: number;
  readonly max_refresh_ms?: number;
}

export interface DnsServiceOptions {
  readonly query: string;
  readonly record?: "srv" | "a" | "aaaa" | "address";
  /** Needed for every record type but `srv`. */
  readonly port?: number;
  /** DNS has none: these are given to every instance. */
  readonly tags?: string[];
}

/** The options of `discovery.kubernetes` in the collector's config. Default: the pod's service account. */
export interface KubernetesOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly api_server?: string;
  readonly token_file?: string;
  readonly ca_file?: string;
  readonly namespace?: string;
  readonly port_name?: string;
  readonly tag_label_prefix?: string;
  readonly timeout_ms?: number;
  readonly watch_seconds?: number;
}

export interface BackendOptions {
  readonly local: AgentOptions;
  readonly consul: AgentOptions;
  readonly etcd: EtcdOptions;
  readonly dns: DnsOptions;
  readonly kubernetes: KubernetesOptions;
}

/** A backend by name, or with where it is and how it is asked: `{ etcd: { endpoint: "http://etcd:2379" } }`. */
export type DiscoveryBackendOption =
  | DiscoveryBackendName
  | { [Name in DiscoveryBackendName]: { readonly [Key in Name]: BackendOptions[Name] } }[DiscoveryBackendName];

const text = textOf("a text that is not empty");
const url: Check = (value, path) => {
  const read = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  if (read === undefined || !/^https?:$/.test(read.protocol)) return [wrong(path, "an http or https URL", value)];
  const bare = read.username === "" && read.password === "";
  return bare ? [] : [{ path, message: "expected a URL without credentials; they have options of their own" }];
};
const milliseconds = wholeNumber("a whole number of ms from 1", 1, DAY_MS);
const agent = { endpoint: url, token: text };
const tls = fieldsOf({
  ca_file: text,
  cert_file: text,
  key_file: text,
  server_name_override: text,
  insecure_skip_verify: isBoolean,
});
const dnsServiceFields = fieldsOf({
  query: text,
  record: oneOf(["srv", "a", "aaaa", "address"]),
  port: wholeNumber("a port from 1 to 65535", 1, 65_535),
  tags: listOf(text, "a list of tags"),
});
const dnsService: Check = (value, path) => {
  const { query, record = "srv", port } = isRecord(value) ? value : {};
  return [
    ...dnsServiceFields(value, path),
    ...(isRecord(value) && query === undefined ? [wrong(`${path}.query`, "a name to ask for", query)] : []),
    ...(record !== "srv" && port === undefined
      ? [wrong(`${path}.port`, "a port, which only srv records have", port)]
      : []),
  ];
};

/** Names and kinds of values; what the values must be together is checked when the backend is opened. */
export const BACKEND_CHECKS = {
  local: agent,
  consul: agent,
  etcd: { endpoint: url, prefix: text, username: text, password: text, timeout_ms: milliseconds, tls },
  dns: {
    servers: listOf(text, "a list of addresses"),
    domain: text,
    services: (value, path) =>
      isRecord(value)
        ? Object.entries(value).flatMap(([name, each]) => dnsService(each, `${path}.${name}`))
        : [wrong(path, "what to ask for, by service name", value)],
    timeout_ms: milliseconds,
    min_refresh_ms: milliseconds,
    max_refresh_ms: milliseconds,
  },
  kubernetes: {
    kubeconfig: text,
    context: text,
    api_server: url,
    token_file: text,
    ca_file: text,
    namespace: text,
    port_name: text,
    tag_label_prefix: text,
    timeout_ms: milliseconds,
    watch_seconds: wholeNumber("a whole number of seconds from 1 to 3600", 1, 3_600),
  },
} as const satisfies Readonly<Record<DiscoveryBackendName, Readonly<Record<string, Check>>>>;

export function checkBackend(value: unknown, path: string): readonly DeclarationIssue[] {
  if (isBackendName(value)) return [];
  const [name, ...more] = isRecord(value) ? Object.keys(value) : [];
  if (!isRecord(value) || more.length > 0 || !isBackendName(name)) {
    return [wrong(path, `one of ${DISCOVERY_BACKENDS.join(", ")}, alone or with its options`, value)];
  }
  return fieldsOf(BACKEND_CHECKS[name])(value[name], `${path}.${name}`);
}

/** The name of a checked option, and what it says of its backend. */
export function backendOf(option: DiscoveryBackendOption): DeclaredBackend {
  if (typeof option === "string") return { type: option, options: {} };
  const [[type, options]] = Object.entries(option) as [[DiscoveryBackendName, object]];
  return { type, options } as DeclaredBackend;
}

export type DeclaredBackend = {
  [Name in DiscoveryBackendName]: { readonly type: Name; readonly options: BackendOptions[Name] };
}[DiscoveryBackendName];

function isBackendName(name: unknown): name is DiscoveryBackendName {
  return (DISCOVERY_BACKENDS as readonly unknown[]).includes(name);
}
