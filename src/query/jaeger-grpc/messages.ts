import { MessageType } from "../../codec/rpc/definitions.ts";

/** Where the two services are defined, below proto/. */
export const V3_FILE = "jaeger/api_v3/query_service.proto";
export const V2_FILE = "jaeger/api_v2/query.proto";

export const V3_SERVICE = "jaeger.api_v3.QueryService";
export const V2_SERVICE = "jaeger.api_v2.QueryService";

/** google.protobuf.Timestamp and Duration. */
export interface Seconds {
  readonly seconds: number;
  readonly nanos: number;
}

/** What both versions ask of spans; absent messages are null. */
interface SpanConditions {
  readonly serviceName: string;
  readonly operationName: string;
  readonly startTimeMin: Seconds | null;
  readonly startTimeMax: Seconds | null;
  readonly durationMin: Seconds | null;
  readonly durationMax: Seconds | null;
  readonly searchDepth: number;
  readonly rawTraces: boolean;
}

export interface V3Query extends SpanConditions {
  readonly attributes: Readonly<Record<string, string>>;
  /** jaeger.expression.v1.Call. */
  readonly filter: object | null;
  readonly pagination: { readonly pageSize: number; readonly pageToken: string } | null;
}

export interface V2Query extends SpanConditions {
  readonly tags: Readonly<Record<string, string>>;
}

interface TimeRange {
  readonly startTime: Seconds | null;
  readonly endTime: Seconds | null;
}

interface OperationsRequest {
  readonly service: string;
  readonly spanKind: string;
}

interface NamedOperation {
  readonly name: string;
  readonly spanKind: string;
}

const v3 = <T extends object>(name: string) => new MessageType<T>(V3_FILE, `jaeger.api_v3.${name}`);
const v2 = <T extends object>(name: string) => new MessageType<T>(V2_FILE, `jaeger.api_v2.${name}`);

/** Messages of jaeger.api_v3; 64-bit integers that go out are decimal texts, to be exact. */
export const V3 = {
  getTrace: v3<TimeRange & { readonly traceId: string; readonly rawTraces: boolean }>("GetTraceRequest"),
  findTraces: v3<{ readonly query: V3Query | null }>("FindTracesRequest"),
  getOperations: v3<OperationsRequest>("GetOperationsRequest"),
  getDependencies: v3<TimeRange>("GetDependenciesRequest"),
  services: v3<{ readonly services: readonly string[] }>("GetServicesResponse"),
  operations: v3<{ readonly operations: readonly NamedOperation[] }>("GetOperationsResponse"),
  dependencies: v3<{
    readonly dependencies: readonly { readonly parent: string; readonly child: string; readonly callCount: string }[];
  }>("DependenciesResponse"),
  summaries: v3<{
    readonly summaries: readonly {
      readonly traceId: string;
      readonly rootServiceName: string;
      readonly rootOperationName: string;
      readonly minStartTimeUnixNano: string;
      readonly maxEndTimeUnixNano: string;
      readonly spanCount: number;
      readonly errorSpanCount: number;
      readonly orphanSpanCount: number;
      readonly services: readonly {
        readonly name: string;
        readonly spanCount: number;
        readonly errorSpanCount: number;
      }[];
    }[];
    readonly nextPageToken?: string;
  }>("FindTraceSummariesResponse"),
} as const;

/** jaeger.api_v2.KeyValue, with the value that vType says. */
export interface V2KeyValue {
  readonly key: string;
  readonly vType: number;
  readonly vStr?: string;
  readonly vBool?: boolean;
  readonly vInt64?: string;
  readonly vFloat64?: number;
  readonly vBinary?: Uint8Array;
}

export interface V2Span {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly operationName: string;
  readonly references: readonly {
    readonly traceId: Uint8Array;
    readonly spanId: Uint8Array;
    readonly refType: number;
  }[];
  readonly flags: number;
  readonly startTime: Seconds;
  readonly duration: Seconds;
  readonly tags: readonly V2KeyValue[];
  readonly logs: readonly { readonly timestamp: Seconds; readonly fields: readonly V2KeyValue[] }[];
  readonly process: { readonly serviceName: string; readonly tags: readonly V2KeyValue[] };
}

/** Messages of jaeger.api_v2. */
export const V2 = {
  getTrace: v2<TimeRange & { readonly traceId: Uint8Array; readonly rawTraces: boolean }>("GetTraceRequest"),
  findTraces: v2<{ readonly query: V2Query | null }>("FindTracesRequest"),
  getOperations: v2<OperationsRequest>("GetOperationsRequest"),
  getDependencies: v2<TimeRange>("GetDependenciesRequest"),
  services: v2<{ readonly services: readonly string[] }>("GetServicesResponse"),
  operations: v2<{ readonly operationNames: readonly string[]; readonly operations: readonly NamedOperation[] }>(
    "GetOperationsResponse",
  ),
  dependencies: v2<{
    readonly dependencies: readonly { readonly parent: string; readonly child: string; readonly callCount: string }[];
  }>("GetDependenciesResponse"),
  spans: v2<{ readonly spans: readonly V2Span[] }>("SpansResponseChunk"),
} as const;

const NANOS = 1_000_000_000n;

/** ns; undefined where it is absent. */
export function nanosOf(time: Seconds | null): bigint | undefined {
  return time === null ? undefined : BigInt(time.seconds) * NANOS + BigInt(time.nanos);
}

export function secondsOf(nanos: bigint): Seconds {
  return { seconds: Number(nanos / NANOS), nanos: Number(nanos % NANOS) };
}
