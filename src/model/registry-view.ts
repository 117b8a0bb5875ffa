/** Answer of `GET /api/registry`, shared with the web UI. What is undefined is absent from the JSON. */
export interface RegistryView {
  /** The collector's clock, ms since the epoch: heartbeat ages are the difference to it. */
  readonly nowMs: number;
  readonly services: readonly { readonly name: string; readonly instances: readonly InstanceView[] }[];
  /** State of the configured backend, where it is not the local one. */
  readonly remote?: { readonly type: string; readonly ageMs: number; readonly error: string | undefined };
}

/** An instance as the API shows it. */
export interface InstanceView {
  readonly id: string;
  /** Of the service. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly health: "healthy" | "unhealthy" | "unknown";
  /** ms since the epoch; undefined where the backend does not tell. */
  readonly lastHeartbeatMs: number | undefined;
  /** 0: lives until it is deregistered, its health comes from checks alone. */
  readonly ttlMs: number;
  /** The backend that knows it. */
  readonly registry: string;
  readonly checks: readonly InstanceCheck[];
}

interface InstanceCheck {
  readonly id: string;
  readonly name: string;
  /** `unknown` until the first answer. */
  readonly status: "passing" | "warning" | "critical" | "unknown";
  readonly output: string;
}
