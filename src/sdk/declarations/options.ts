import { DAY_MS } from "../../model/time.ts";
import { PROPAGATION_FORMATS, type PropagationFormat } from "../../propagation/composite.ts";
import { EXPORTER_NAMES, type ExporterName } from "../exporters/create.ts";
import { checkBackend, type DiscoveryBackendOption } from "./backend-options.ts";
import {
  type Check,
  type DeclarationIssue,
  isBoolean,
  isRatio,
  isRecord,
  listOf,
  oneOf,
  textOf,
  unknownOption,
  wholeNumber,
  wrong,
} from "./checks.ts";

export type HealthCheckOption =
  | { readonly http: { readonly path: string; readonly interval_ms: number } }
  | { readonly tcp: { readonly port: number; readonly interval_ms: number } };

/** A port of 0 lets the system choose one. */
export interface TransportOption {
  readonly http: { readonly port: number; readonly host?: string };
}

/** Every option with its value, defaults filled in. */
export interface ServiceSettings {
  /** Register with the registry and keep it told. Default false. */
  readonly discovery_enabled: boolean;
  /** Default `local`: the registry of the collector. */
  readonly discovery_backend: DiscoveryBackendOption;
  /** Default `{ http: { path: "/health", interval_ms: 30000 } }`. */
  readonly health_check: HealthCheckOption;
  /** Seconds without heartbeat after which the registration expires. Default 60. */
  readonly discovery_ttl: number;
  /** Default none. */
  readonly discovery_tags: readonly string[];
  /** Default false. */
  readonly tracing: boolean;
  /** Default `otlp`. */
  readonly trace_exporter: ExporterName;
  /** Share of new traces kept, 0.0 to 1.0. Default 1.0. */
  readonly trace_sampling: number;
  /** Formats sent with outgoing calls; all are understood on the way in. Default `w3c`. */
  readonly trace_propagation: PropagationFormat | readonly PropagationFormat[];
  /** Default `{ http: { port: 0 } }`. */
  readonly transport: TransportOption;
}

export type ServiceOptions = Partial<ServiceSettings>;

export const DEFAULT_SERVICE_SETTINGS: ServiceSettings = {
  discovery_enabled: false,
  discovery_backend: "local",
  health_check: { http: { path: "/health", interval_ms: 30_000 } },
  discovery_ttl: 60,
  discovery_tags: [],
  tracing: false,
  trace_exporter: "otlp",
  trace_sampling: 1,
  trace_propagation: "w3c",
  transport: { http: { port: 0 } },
};

/** A service as it was declared, checked and complete. */
export interface ServiceDeclaration {
  readonly name: string;
  readonly options: ServiceSettings;
}

/** A declaration that cannot be used; the message lists everything that is wrong with it. */
export class ServiceDeclarationError extends Error {
  readonly issues: readonly DeclarationIssue[];
  constructor(service: string, issues: readonly DeclarationIssue[]) {
    super(`service "${service}": ${issues.map(({ path, message }) => `${path}: ${message}`).join("; ")}`);
    this.name = "ServiceDeclarationError";
    this.issues = issues;
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

const CHECKS: Readonly<Record<keyof ServiceSettings, Check>> = {
  discovery_enabled: isBoolean,
  discovery_backend: checkBackend,
  health_check: checkHealth,
  discovery_ttl: wholeNumber("a whole number of seconds from 1 to 86400", 1, 86_400),
  discovery_tags: listOf(textOf("a tag that is not empty"), "a list of tags"),
  tracing: isBoolean,
  trace_exporter: oneOf(EXPORTER_NAMES),
  trace_sampling: isRatio,
  trace_propagation: (value, path) =>
    Array.isArray(value) && value.length > 0
      ? value.flatMap((each, i) => oneOf(PROPAGATION_FORMATS)(each, `${path}[${i}]`))
      : oneOf(PROPAGATION_FORMATS)(value, path),
  transport: checkTransport,
};

export const SERVICE_OPTION_NAMES = Object.keys(CHECKS) as readonly (keyof ServiceSettings)[];

/** Everything that is wrong with a name and options as somebody wrote them; empty when nothing is. */
export function checkDeclaration(name: unknown, options: unknown): readonly DeclarationIssue[] {
  const issues: DeclarationIssue[] = [];
  if (typeof name !== "string" || !NAME.test(name)) {
    issues.push(wrong("name", "a name of letters, digits, _ . and - that begins with a letter or digit", name));
  }
  if (!isRecord(options)) return [...issues, wrong("options", "an object", options)];
  for (const [key, value] of Object.entries(options)) {
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key as keyof ServiceSettings] : undefined;
    if (check === undefined) issues.push({ path: key, message: unknownOption(key, SERVICE_OPTION_NAMES) });
    else if (value !== undefined) issues.push(...check(value, key));
  }
  return issues;
}

/** The declaration with defaults filled in. Throws ServiceDeclarationError that lists everything that is wrong. */
export function declareService(name: string, options: ServiceOptions): ServiceDeclaration {
  const issues = checkDeclaration(name, options);
  if (issues.length > 0) throw new ServiceDeclarationError(String(name), issues);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { name, options: { ...DEFAULT_SERVICE_SETTINGS, ...given } };
}

function checkHealth(value: unknown, path: string): readonly DeclarationIssue[] {
  const expected = "http with a path and an interval in ms, or tcp with a port and an interval in ms";
  if (!isRecord(value) || Object.keys(value).length !== 1) return [wrong(path, expected, value)];
  const { http, tcp } = value;
  const interval = wholeNumber("a whole number of ms from 100", 100, DAY_MS);
  if (isRecord(http)) {
    const pathOk = typeof http.path === "string" && /^\/[\x21-\x7e]*$/.test(http.path);
    return [
      ...(pathOk ? [] : [wrong(`${path}.http.path`, 'a path that begins with "/"', http.path)]),
      ...interval(http.interval_ms, `${path}.http.interval_ms`),
    ];
  }
  if (isRecord(tcp)) {
    return [
      ...wholeNumber("a port from 1 to 65535", 1, 65_535)(tcp.port, `${path}.tcp.port`),
      ...interval(tcp.interval_ms, `${path}.tcp.interval_ms`),
    ];
  }
  return [wrong(path, expected, value)];
}

function checkTransport(value: unknown, path: string): readonly DeclarationIssue[] {
  const http = isRecord(value) && Object.keys(value).length === 1 ? value.http : undefined;
  if (!isRecord(http)) return [wrong(path, "http with a port", value)];
  const host = http.host === undefined || (typeof http.host === "string" && http.host !== "");
  return [
    ...wholeNumber("a port from 0 to 65535", 0, 65_535)(http.port, `${path}.http.port`),
    ...(host ? [] : [wrong(`${path}.http.host`, "a host name or address", http.host)]),
  ];
}
