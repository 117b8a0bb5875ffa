/** Where a running collector can be reached; each is `host:port` as a URL or, for gRPC, an authority. */
export interface CollectorEndpoints {
  /** OTLP/HTTP base, `http://127.0.0.1:4318`; undefined when that receiver is off. */
  readonly otlpHttp: string | undefined;
  /** OTLP/gRPC authority, `127.0.0.1:4317`. */
  readonly otlpGrpc: string | undefined;
  /** Web UI, read APIs, metrics and health, with the base path and a trailing slash. */
  readonly ui: string;
  /** Consul API of the registry, `http://127.0.0.1:8500`; undefined when it is off or its port was taken. */
  readonly registry: string | undefined;
  /** The traced proxy, `http://127.0.0.1:8088`; undefined without routes. */
  readonly proxy: string | undefined;
}
