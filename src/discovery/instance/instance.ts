import { isIP } from "node:net";
import { DEFAULT_TTL_MS, type Registration, type ServiceInstance } from "../../component/discovery.ts";
import { PermanentError } from "../../component/errors.ts";
import { compareText } from "../../model/compare-text.ts";
import { DAY_MS } from "../../model/time.ts";

const MAX_NAME = 255;
const MAX_TAGS = 128;
const MAX_METADATA = 64;
const MAX_VALUE = 512;
const MAX_TTL_MS = 30 * DAY_MS;

/** An instance as it is just after it registered; health as given. */
export function instanceOf(
  registration: Registration,
  state: Pick<ServiceInstance, "health" | "lastHeartbeatMs" | "ttlMs">,
): ServiceInstance {
  return {
    id: registration.id,
    name: registration.name,
    host: registration.host,
    port: registration.port,
    tags: [...(registration.tags ?? [])],
    metadata: { ...registration.metadata },
    weight: registration.weight ?? 1,
    zone: registration.zone,
    ...state,
  };
}

/** @throws PermanentError `bad_request` naming the field, what it holds and what was expected. */
export function checkRegistration(registration: Registration, ttlMs: number = DEFAULT_TTL_MS): void {
  const { id, name, host, port, tags = [], metadata = {}, weight = 1, zone } = registration;
  text("id", id);
  text("name", name);
  text("host", host);
  if (!isHost(host)) refuse("host", host, "a host name or an IP address without port or brackets");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse("port", port, "a whole number from 0 to 65535");
  if (!Array.isArray(tags) || tags.length > MAX_TAGS) refuse("tags", tags, `a list of at most ${MAX_TAGS} texts`);
  for (const [at, tag] of tags.entries()) text(`tags[${at}]`, tag);
  const entries = Object.entries(metadata);
  if (entries.length > MAX_METADATA) refuse("metadata", entries.length, `at most ${MAX_METADATA} entries`);
  for (const [key, value] of entries) {
    if (typeof value !== "string" || value.length > MAX_VALUE || key === "" || key.length > MAX_VALUE) {
      refuse(`metadata.${key.slice(0, 40)}`, value, `a text of at most ${MAX_VALUE} characters`);
    }
  }
  if (!Number.isFinite(weight) || weight < 0 || weight > 65_535) refuse("weight", weight, "a number from 0 to 65535");
  if (zone !== undefined) text("zone", zone);
  checkTtl(ttlMs);
}

/** @throws PermanentError `bad_request` */
export function checkTtl(ttlMs: number): void {
  if (!Number.isFinite(ttlMs) || ttlMs < 0 || ttlMs > MAX_TTL_MS) {
    refuse("ttlMs", ttlMs, "milliseconds from 0 (no expiry) to 30 days");
  }
}

export function hasAllTags(instance: ServiceInstance, tags: readonly string[] = []): boolean {
  return tags.every((tag) => instance.tags.includes(tag));
}

/** What `discover` gives of all instances of a service. */
export function healthyWithTags(instances: readonly ServiceInstance[], tags?: readonly string[]): ServiceInstance[] {
  return instances.filter((instance) => instance.health === "healthy" && hasAllTags(instance, tags));
}

/** Same as far as a caller can act on it: heartbeats alone change nothing. Order matters. */
export function sameInstances(a: readonly ServiceInstance[], b: readonly ServiceInstance[]): boolean {
  const key = (list: readonly ServiceInstance[]) =>
    JSON.stringify(list.map(({ lastHeartbeatMs: _, metadata, ...rest }) => [rest, Object.entries(metadata).sort()]));
  return a.length === b.length && key(a) === key(b);
}

export function byId(a: ServiceInstance, b: ServiceInstance): number {
  return compareText(a.id, b.id);
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function authority(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function isHost(host: string): boolean {
  return isIP(host) !== 0 || /^[\p{L}\p{N}_]([\p{L}\p{N}_.-]*[\p{L}\p{N}_.])?$/u.test(host);
}

function text(field: string, value: unknown): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (typeof value !== "string" || value === "" || value.length > MAX_NAME || /[\u0000-\u001f\u007f]/.test(value)) {
    refuse(field, value, `a text of 1 to ${MAX_NAME} characters without control characters`);
  }
}

function refuse(field: string, value: unknown, expected: string): never {
  const shown = JSON.stringify(value) ?? "nothing";
  const clipped = shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
  throw new PermanentError("bad_request", `registration: ${field} is ${clipped}; expected ${expected}`);
}
