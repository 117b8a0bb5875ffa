import { isIP } from "node:net";
import type { HealthCheckSpec, Registration } from "../../component/discovery.ts";
import { PermanentError } from "../../component/errors.ts";
import { unmappedAddress } from "../../model/net/unmapped-address.ts";
import { isEveryAddress, isLoopback, parseEndpoint } from "../../server/endpoint.ts";
import { asArray, asNumber, asObject, asText, asTextRecord, type JsonObject } from "../client/read-json.ts";
import type { CheckDefinition, CheckStatus } from "../instance/local-record.ts";
import { parseDuration } from "./duration.ts";

export interface DefinitionOptions {
  /** Address of the client: the instance's where it names none. */
  readonly remoteAddress: string;
  /** The client is on this machine: only such a one has checks ask this machine. */
  readonly isLocal: boolean;
  /** Let checks go to other hosts than the instance's own. */
  readonly anyCheckTarget: boolean;
  /** Let checks have any method and headers: the client has shown a token. */
  readonly anyCheckRequest: boolean;
}

export interface ConsulDefinition {
  readonly registration: Registration;
  /** Of its TTL check, ms; 0 without one. */
  readonly ttlMs: number;
  readonly checks: readonly CheckDefinition[];
}

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_CHECKS = 16;
const KINDS = ["TTL", "HTTP", "TCP", "GRPC"] as const;
const UNSUPPORTED = [
  "Args",
  "Script",
  "ScriptArgs",
  "DockerContainerID",
  "UDP",
  "H2PING",
  "AliasNode",
  "AliasService",
  "OSService",
];

/**
 * The body of `PUT /v1/agent/service/register` (developer.hashicorp.com/consul/api-docs/agent/service). Keys are read
 * without regard to case and underscores, as Consul does; fields of no meaning here are passed over.
 * @throws PermanentError `bad_request` in Consul's words where it has some
 */
export function parseDefinition(body: unknown, options: DefinitionOptions): ConsulDefinition {
  const service = keyed(body, "the body");
  const name = asText(service.name);
  if (name === "") refuse("Missing service name");
  const id = asText(service.id) || name;
  const host = asText(service.address) || options.remoteAddress;
  const weights = normalized(service.weights);
  const metadata = textsOnly(service.meta, "Meta");
  const weight = asNumber(weights.passing);
  const registration: Registration = {
    id,
    name,
    host,
    port: portOf(service.port),
    tags: tagsOf(service.tags),
    metadata,
    ...(weight === undefined ? {} : { weight }),
    ...(metadata.zone === undefined ? {} : { zone: metadata.zone }),
  };
  const given = [
    ...(service.check === undefined || service.check === null ? [] : [service.check]),
    ...asArray(service.checks),
  ];
  if (given.length > MAX_CHECKS)
    refuse(`an instance may have at most ${MAX_CHECKS} checks; this one has ${given.length}`);
  const checks = given.map((check, at) => {
    const defaultId = given.length === 1 ? `service:${id}` : `service:${id}:${at + 1}`;
    return parseCheck(check, { ...options, defaultId, name, host });
  });
  const ids = new Set(checks.map((check) => check.id));
  if (ids.size < checks.length) refuse("two checks have the same CheckID");
  const ttlMs = Math.min(...checks.flatMap((check) => check.ttlMs ?? []));
  return { registration, checks, ttlMs: Number.isFinite(ttlMs) ? ttlMs : 0 };
}

interface CheckContext extends DefinitionOptions {
  readonly defaultId: string;
  readonly name: string;
  readonly host: string;
}

function parseCheck(value: unknown, context: CheckContext): CheckDefinition {
  const { defaultId, name } = context;
  const check = keyed(value, "Check");
  for (const key of UNSUPPORTED) {
    if (check[plain(key)] !== undefined) refuse(`check type ${key} is not supported; use ${KINDS.join(", ")}`);
  }
  const kinds = KINDS.filter((kind) => asText(check[plain(kind)]) !== "");
  if (kinds.length !== 1)
    refuse(`a check needs exactly one of ${KINDS.join(", ")}; this one has ${kinds.join(" and ") || "none"}`);
  const common = {
    id: asText(check.checkid) || asText(check.id) || defaultId,
    name: asText(check.name) || `Service '${name}' check`,
    status: statusOf(check.status),
    deregisterAfterMs: optionalDuration(check, "DeregisterCriticalServiceAfter"),
  };
  if (kinds[0] === "TTL") {
    const ttlMs = optionalDuration(check, "TTL") ?? 0;
    if (ttlMs <= 0) refuse("TTL must be > 0 for TTL checks");
    return { ...common, ttlMs };
  }
  const spec = specOf(kinds[0] as "HTTP" | "TCP" | "GRPC", check);
  assertAllowed(spec, context);
  return { ...common, spec: context.isLocal || context.anyCheckTarget ? spec : { ...spec, isForeign: true } };
}

/** The collector sends checks with its own rights: they must not reach what the registrant could not. */
function assertAllowed(spec: HealthCheckSpec, context: CheckContext): void {
  const { host, isLocal, anyCheckTarget, anyCheckRequest } = context;
  if (anyCheckTarget) return;
  const target = spec.type === "http" ? new URL(spec.url).hostname.replace(/^\[|\]$/g, "") : spec.host;
  if (!sameHost(target, host)) {
    refuse(
      `the check's target ${target} is not the instance's own address ${host}; the collector allows others with discovery.health.any_target`,
    );
  }
  assertLoopback(target, isLocal);
  if (spec.type !== "http" || anyCheckRequest) return;
  // What stands before the host is sent as an Authorization header.
  const { username, password } = new URL(spec.url);
  const hasHeaders = Object.keys(spec.headers ?? {}).length > 0 || username !== "" || password !== "";
  const chosen = hasHeaders ? "headers of its own" : "";
  const method = spec.method === "GET" || spec.method === "HEAD" ? chosen : `the method ${spec.method}`;
  if (method !== "") {
    refuse(`a check with ${method} needs a token of discovery.server.tokens, or discovery.health.any_target`);
  }
}

/** @throws PermanentError `bad_request` for a check of this machine that another one asks for */
export function assertLoopback(target: string, isLocal: boolean): void {
  if (isLocal || !isThisMachine(target)) return;
  refuse(`the check's target ${target} is the collector's machine, and the registrant is on another`);
}

/** In any form that connecting takes for it: `0.0.0.0` and `127.1` too. */
function isThisMachine(host: string): boolean {
  const name = isIP(host) === 6 ? `[${host}]` : host;
  const url = URL.canParse(`http://${name}/`) ? new URL(`http://${name}/`).hostname : name;
  const bare = unmappedAddress(url.replace(/^\[|\]$/g, ""));
  return isLoopback(bare) || isEveryAddress(bare) || /(^|\.)localhost\.?$/i.test(bare);
}

function specOf(kind: "HTTP" | "TCP" | "GRPC", check: JsonObject): HealthCheckSpec {
  const intervalMs = optionalDuration(check, "Interval") ?? 0;
  if (intervalMs <= 0) refuse("Interval must be > 0 for Script, HTTP, or TCP checks");
  const timing = {
    intervalMs,
    timeoutMs: optionalDuration(check, "Timeout") ?? DEFAULT_TIMEOUT_MS,
    healthyThreshold: (asNumber(check.successbeforepassing) ?? 0) + 1,
    unhealthyThreshold: (asNumber(check.failuresbeforecritical) ?? 0) + 1,
  };
  if (kind === "HTTP") {
    const text = asText(check.http);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol))
      refuse(`HTTP is ${JSON.stringify(text)}; expected an http or https URL`);
    const method = asText(check.method).toUpperCase() || "GET";
    if (!/^[A-Z]{1,16}$/.test(method)) refuse(`Method is ${JSON.stringify(check.method)}; expected an HTTP method`);
    return { type: "http", url: text, method, headers: headersOf(check.header), ...timing };
  }
  const [target, service = ""] = kind === "TCP" ? [asText(check.tcp)] : asText(check.grpc).split("/", 2);
  const endpoint = parseEndpoint(target as string);
  if (endpoint === undefined || endpoint.port === 0 || isEveryAddress(endpoint.host)) {
    refuse(`${kind} is ${JSON.stringify(target)}; expected host:port`);
  }
  const { host, port } = endpoint as { host: string; port: number };
  if (kind === "TCP") return { type: "tcp", host, port, ...timing };
  return { type: "grpc", host, port, service, tls: check.grpcusetls === true, ...timing };
}

function headersOf(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asObject(value)).map(([key, list]) => {
      const text = Array.isArray(list) ? list.map(String).join(", ") : String(list);
      const wrong = !/^[\w!#$%&'*+.^`|~-]+$/.test(key) || /[^\t\x20-\x7e\x80-\xff]/.test(text);
      if (wrong) refuse(`Header ${JSON.stringify(key)} cannot be sent`);
      return [key.toLowerCase(), text];
    }),
  );
}

/** Every form of loopback is this machine, as are equal names. */
function sameHost(a: string, b: string): boolean {
  if (a.toLowerCase() === b.toLowerCase()) return true;
  return (isLoopback(a) && isLoopback(b)) || unmappedAddress(a) === unmappedAddress(b);
}

function statusOf(value: unknown): CheckStatus | undefined {
  const status = asText(value);
  if (status === "") return undefined;
  if (status === "passing" || status === "warning" || status === "critical") return status;
  return refuse(`Status is ${JSON.stringify(status)}; expected passing, warning or critical`);
}

function optionalDuration(check: JsonObject, key: string): number | undefined {
  const value = check[plain(key)];
  if (value === undefined || value === null || value === "") return undefined;
  const ms = parseDuration(value);
  return ms ?? refuse(`${key} is ${JSON.stringify(value)}; expected a duration such as 10s, 1m30s or 500ms`);
}

function portOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return typeof value === "number" ? value : refuse(`Port is ${JSON.stringify(value)}; expected a number`);
}

function tagsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const isTexts = Array.isArray(value) && value.every((tag) => typeof tag === "string");
  return isTexts ? value : refuse(`Tags is ${JSON.stringify(value)?.slice(0, 60)}; expected a list of texts`);
}

function textsOnly(value: unknown, key: string): Record<string, string> {
  const texts = asTextRecord(value);
  if (Object.keys(texts).length < Object.keys(asObject(value)).length) refuse(`${key} takes texts only`);
  return texts;
}

function keyed(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(`${what} is no JSON object`);
  return normalized(value);
}

function normalized(value: unknown): JsonObject {
  return Object.fromEntries(Object.entries(asObject(value)).map(([key, entry]) => [plain(key), entry]));
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll("_", "");
}

function refuse(message: string): never {
  throw new PermanentError("bad_request", message);
}
