import type {
  HealthCheckSpec,
  InstanceHealth,
  Registration,
  ServiceInstance,
  StoredCheck,
  StoredInstance,
} from "../../component/discovery.ts";
import { instanceOf } from "./instance.ts";

export type CheckStatus = StoredCheck["status"];

/** A check as somebody asks for it. Without `spec` it is a TTL check and `ttlMs` is needed. */
export interface CheckDefinition {
  readonly id: string;
  readonly name: string;
  readonly spec?: HealthCheckSpec | undefined;
  readonly ttlMs?: number | undefined;
  readonly deregisterAfterMs?: number | undefined;
  /** Before anything is known; default `unknown`. */
  readonly status?: CheckStatus | undefined;
}

/** A check of a live instance. Times are wall clock, ms since the epoch. */
export interface CheckState extends CheckDefinition {
  status: CheckStatus;
  output: string;
  reportedAtMs: number | undefined;
  /** From when the TTL counts: the last report, or the start of this process if that was later. */
  ttlFromMs: number;
  criticalSinceMs: number | undefined;
}

/** An instance of the local registry. */
export interface LocalRecord {
  instance: ServiceInstance;
  readonly checks: readonly CheckState[];
  readonly registeredAtMs: number;
  /** Of the change log, at the last change of its service. */
  modifyIndex: number;
  readonly createIndex: number;
  /** From the config: cannot be replaced or deregistered. */
  readonly isStatic: boolean;
}

export interface NewRecord {
  readonly registration: Registration;
  readonly ttlMs: number;
  readonly checks: readonly CheckDefinition[];
  readonly nowMs: number;
  readonly index: number;
  readonly isStatic: boolean;
}

export function newRecord({ registration, ttlMs, checks, nowMs, index, isStatic }: NewRecord): LocalRecord {
  const states = checks.map((check): CheckState => {
    const status = check.status ?? "unknown";
    return {
      ...check,
      status,
      output: "",
      reportedAtMs: undefined,
      ttlFromMs: nowMs,
      criticalSinceMs: status === "critical" ? nowMs : undefined,
    };
  });
  const instance = instanceOf(registration, { health: healthOf(states), lastHeartbeatMs: nowMs, ttlMs });
  return { instance, checks: states, registeredAtMs: nowMs, modifyIndex: index, createIndex: index, isStatic };
}

/** As the store kept it. No time without a running registry counts against an instance: nobody could reach it. */
export function restoredRecord(stored: StoredInstance, nowMs: number, index: number): LocalRecord {
  const checks = stored.checks.map(
    (check): CheckState => ({
      ...check,
      reportedAtMs: check.reportedAtMs,
      ttlFromMs: nowMs,
      criticalSinceMs: check.status === "critical" ? nowMs : undefined,
    }),
  );
  const { registeredAtMs } = stored;
  // What JSON left out reads as undefined; the key has to be there.
  const instance = { ...stored.instance, zone: stored.instance.zone };
  return { instance, checks, registeredAtMs, modifyIndex: index, createIndex: index, isStatic: false };
}

export function storedRecord({ instance, checks, registeredAtMs }: LocalRecord): StoredInstance {
  return {
    instance,
    registeredAtMs,
    checks: checks.map(({ id, name, status, output, spec, ttlMs, reportedAtMs, deregisterAfterMs }) => ({
      id,
      name,
      status,
      output,
      spec,
      ttlMs,
      reportedAtMs,
      deregisterAfterMs,
    })),
  };
}

/** Healthy when every check passes, as Consul's `passing`; unknown as long as a check has said nothing. */
export function healthOf(checks: readonly { readonly status: CheckStatus }[]): InstanceHealth {
  if (checks.some(({ status }) => status === "critical" || status === "warning")) return "unhealthy";
  return checks.every(({ status }) => status === "passing") ? "healthy" : "unknown";
}

/** When something happens to the record if nobody reports, ms since the epoch; undefined for never. */
export function nextDeadline(record: LocalRecord): number | undefined {
  let next: number | undefined;
  for (const check of record.checks) {
    const candidates = [
      check.ttlMs !== undefined && check.status !== "critical" ? check.ttlFromMs + check.ttlMs : undefined,
      check.criticalSinceMs !== undefined && check.deregisterAfterMs !== undefined
        ? check.criticalSinceMs + check.deregisterAfterMs
        : undefined,
    ];
    for (const at of candidates) if (at !== undefined && (next === undefined || at < next)) next = at;
  }
  return next;
}
