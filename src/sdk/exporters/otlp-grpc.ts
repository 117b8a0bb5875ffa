import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { ExportOutcome } from "../../component/export.ts";
import { isRetryableGrpcStatus } from "../../component/retry.ts";
import { onAbort } from "../../component/signals.ts";
import { GRPC_STATUS } from "../../model/grpc-status.ts";
import { messageOf } from "../../model/message-of.ts";
import { type SpanExporter, toTracesData } from "./exporter.ts";
import { endpointUrl } from "./http-post.ts";
import { readPartialSuccess, readRetryDelay } from "./otlp-answer.ts";
import { DEFAULT_EXPORT_TIMEOUT_MS, outcomeOfPartial, USER_AGENT } from "./otlp-http.ts";

export interface OtlpGrpcSettings {
  /** `http://host:port`, or `https://` for TLS. Default `http://localhost:4317`. */
  readonly endpoint?: string;
  /** Sent as metadata. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default gzip. */
  readonly compression?: "gzip" | "none";
  /** For one attempt; default 10 000. */
  readonly timeoutMs?: number;
}

export const OTLP_GRPC_ENDPOINT = "http://localhost:4317";
const METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const COMPRESSION = { none: 0, gzip: 2 } as const;

interface Connection {
  readonly client: Client;
  readonly metadata: Metadata;
}

/** OTLP over gRPC. The gRPC library is an optional dependency, loaded with the first batch. */
export function otlpGrpcExporter(settings: OtlpGrpcSettings = {}): SpanExporter {
  const { compression = "gzip", timeoutMs = DEFAULT_EXPORT_TIMEOUT_MS } = settings;
  const url = endpointUrl("otlp", settings.endpoint ?? OTLP_GRPC_ENDPOINT);
  let connection: Promise<Connection> | undefined;
  return {
    description: `otlp grpc ${url.host}`,
    async export(records, signal) {
      connection ??= connect(url, settings.headers ?? {}, compression);
      try {
        const { client, metadata } = await connection;
        const body = Buffer.from(encodeTraces(toTracesData(records)));
        return await call(client, metadata, body, timeoutMs, records.length, signal);
      } catch (error) {
        connection = undefined;
        return {
          type: "rejected",
          count: records.length,
          reason: messageOf(error),
        };
      }
    },
    async shutdown() {
      const open = await connection?.catch(() => undefined);
      open?.client.close();
    },
  };
}

async function connect(
  url: URL,
  headers: Readonly<Record<string, string>>,
  compression: keyof typeof COMPRESSION,
): Promise<Connection> {
  const grpc = await import("@grpc/grpc-js").catch((cause: unknown) => {
    throw new Error("the otlp exporter with protocol grpc needs the package @grpc/grpc-js", { cause });
  });
  const credentials = url.protocol === "https:" ? grpc.credentials.createSsl() : grpc.credentials.createInsecure();
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name.toLowerCase(), value);
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  const client = new grpc.Client(`${url.hostname}:${port}`, credentials, {
    "grpc.default_compression_algorithm": COMPRESSION[compression],
    "grpc.primary_user_agent": USER_AGENT,
  });
  return { client, metadata };
}

function call(
  client: Client,
  metadata: Metadata,
  body: Buffer,
  timeoutMs: number,
  spans: number,
  signal: AbortSignal,
): Promise<ExportOutcome> {
  return new Promise((resolve) => {
    const request = client.makeUnaryRequest(
      METHOD,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      body,
      metadata,
      { deadline: Date.now() + timeoutMs },
      (error, answer) => {
        release();
        resolve(error === null ? accepted(answer) : refused(error, spans));
      },
    );
    const release = onAbort(signal, () => request.cancel());
  });
}

function accepted(answer: Buffer | undefined): ExportOutcome {
  try {
    return outcomeOfPartial(readPartialSuccess(answer ?? new Uint8Array()));
  } catch {
    // The call succeeded; an answer that cannot be read does not change that.
    return { type: "delivered" };
  }
}

function refused(error: ServiceError, spans: number): ExportOutcome {
  const afterMs = readRetryDelay(error.metadata?.get("grpc-status-details-bin")[0]);
  const reason = error.message;
  if (isRetryableGrpcStatus(error.code, afterMs !== undefined)) {
    return afterMs === undefined ? { type: "retry", reason } : { type: "retry", reason, afterMs };
  }
  if (error.code === GRPC_STATUS.resource_exhausted) return { type: "split", reason };
  return { type: "rejected", count: spans, reason };
}
