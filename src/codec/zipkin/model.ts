/** Zipkin's v2 model as its JSON has it (openzipkin/zipkin-api, zipkin2-api.yaml). Absent means unknown. */
export interface ZipkinSpan {
  /** 16 or 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly id: string;
  readonly parentId?: string;
  readonly name?: string;
  readonly kind?: ZipkinKind;
  /** µs since the epoch, above 0. */
  readonly timestamp?: number;
  /** µs, at least 1. */
  readonly duration?: number;
  readonly localEndpoint?: ZipkinEndpoint;
  readonly remoteEndpoint?: ZipkinEndpoint;
  readonly annotations?: readonly ZipkinAnnotation[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly debug?: boolean;
  /** The server's half of an id that a client began. */
  readonly shared?: boolean;
}

export interface ZipkinEndpoint {
  readonly serviceName?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** 1 to 65535. */
  readonly port?: number;
}

export interface ZipkinAnnotation {
  /** µs since the epoch, above 0. */
  readonly timestamp: number;
  readonly value: string;
}

export type ZipkinKind = "CLIENT" | "SERVER" | "PRODUCER" | "CONSUMER";

/** First words of the keys that OpenTelemetry's resource conventions own. */
const RESOURCE_NAMESPACES: ReadonlySet<string> = new Set([
  "service",
  "telemetry",
  "host",
  "os",
  "process",
  "container",
  "k8s",
  "cloud",
  "deployment",
  "device",
  "webengine",
]);

/**
 * True for keys of the resource conventions. Zipkin does not tell a tag of the resource from one of the span, so such
 * tags are hoisted to the resource on the way in.
 */
export function isResourceKey(key: string): boolean {
  const dot = key.indexOf(".");
  return dot > 0 && RESOURCE_NAMESPACES.has(key.slice(0, dot));
}
