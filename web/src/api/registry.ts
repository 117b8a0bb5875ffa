/** `GET /api/registry` as the pages read it; the discovery registry fills it (src/discovery/server/registry-routes.ts). */
export interface UiRegistryResponse {
  /** The collector's clock, ms since the epoch: heartbeat ages are the difference to it. */
  readonly nowMs: number;
  readonly services: readonly { readonly name: string; readonly instances: readonly UiInstance[] }[];
}

export interface UiInstance {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly zone?: string;
  readonly health: string;
  /** ms since the epoch; absent where the backend does not tell. */
  readonly lastHeartbeatMs?: number;
  /** The backend that knows it. */
  readonly registry: string;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly output: string }[];
}
