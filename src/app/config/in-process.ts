import type { ConfigInput } from "./config.ts";
import type { RawConfig } from "./config-sources.ts";

/** What `createCollector()` starts from: free ports, nothing on disk, quiet. */
export const IN_PROCESS_DEFAULTS = {
  receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:0" }, http: { endpoint: "127.0.0.1:0" } } } },
  storage: { kind: "memory" },
  ui: { endpoint: "127.0.0.1:0" },
  discovery: { server: { endpoint: "127.0.0.1:0" } },
  proxy: { endpoint: "127.0.0.1:0" },
  telemetry: { logs: { level: "warn" } },
} satisfies ConfigInput as RawConfig;
