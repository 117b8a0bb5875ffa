import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import { parseDiscoverEndpoint } from "../component/discover-endpoint.ts";
import { isDiscoverEndpoint } from "../component/discovery.ts";
import { DEFAULT_BACKOFF } from "../component/retry.ts";
import { messageOf } from "../model/message-of.ts";
import { isLinkLocal, LinkLocalError } from "../model/net/link-local.ts";
import { parseSpanFilter } from "./span-filter.ts";

/** How a queue is sent, with the defaults of a kind of destination. */
export function sendingConfig(defaults: {
  readonly maxBatchSpans: number;
  readonly maxBatchBytes: number;
  readonly gatherMs: number;
  readonly concurrency: number;
}) {
  return z
    .strictObject({
      max_batch_spans: z
        .int()
        .min(512)
        .max(65_536)
        .default(defaults.maxBatchSpans)
        .describe("Most spans in one request."),
      max_batch_bytes: z
        .int()
        .min(65_536)
        .max(1_073_741_824)
        .default(defaults.maxBatchBytes)
        .describe("About as many bytes of OTLP in one request at most, uncompressed; gRPC servers take 4 MiB."),
      gather_ms: z
        .int()
        .min(0)
        .max(600_000)
        .default(defaults.gatherMs)
        .describe(
          "Waits so long for a request to fill up, ms, from when its oldest span came; 0: sends what there is.",
        ),
      concurrency: z.int().min(1).max(64).default(defaults.concurrency).describe("Requests under way at once."),
      max_backlog_spans: z
        .int()
        .min(1)
        .nullable()
        .default(null)
        .describe("When more spans wait, the oldest are given up and counted as lost; null: retention alone decides."),
    })
    .prefault({});
}

/**
 * What every exporter's config has beside its own keys: where a new destination begins in the log, how its queue is
 * sent, and how long one attempt may take. The application reads these; spread the shape into a strict object.
 */
export const exporterCommonConfig = {
  start_at: z.enum(["now", "oldest"]).default("now").describe("Where a destination that the log does not know begins."),
  filter: z
    .string()
    .superRefine((text, context) => {
      try {
        parseSpanFilter(text);
      } catch (error) {
        context.addIssue({ code: "custom", message: messageOf(error), input: text });
      }
    })
    .optional()
    .describe(
      "Spans that go there, in TraceQL: `{ status = error || duration > 1s }`. Others are passed over and counted. It takes what one span says by itself. Metrics and logs are not filtered. Unset: all.",
    ),
  sending: sendingConfig({ maxBatchSpans: 2048, maxBatchBytes: 3_145_728, gatherMs: 0, concurrency: 4 }),
  retry_on_failure: z
    .strictObject({
      initial_interval_ms: z.int().min(1).default(DEFAULT_BACKOFF.initialMs).describe("First wait, ms, before jitter."),
      max_interval_ms: z.int().min(1).default(DEFAULT_BACKOFF.maxMs).describe("Longest wait, ms."),
      multiplier: z.number().min(1).max(10).default(DEFAULT_BACKOFF.factor).describe("Growth from wait to wait."),
    })
    .refine((retry) => retry.initial_interval_ms <= retry.max_interval_ms, {
      message: "initial_interval_ms must not be above max_interval_ms",
    })
    .prefault({}),
  timeout_ms: z.int().min(1).max(600_000).default(10_000).describe("Longest time for one attempt, ms."),
};

/** Of the exporters whose protocol has more than traces. */
export const signalsConfig = z
  .array(z.enum(["traces", "metrics", "logs"]))
  .min(1)
  .default(["traces"])
  .describe(
    "What goes there. Spans are sent from the log. Metrics and logs are not stored: a request is answered once every exporter that asks for its signal has passed it on, with the answer of its destination.",
  );

export const compressionConfig = z.enum(["gzip", "none"]).describe("How bodies are compressed.");
export type Compression = z.infer<typeof compressionConfig>;

export const headersConfig = z
  .record(z.string(), z.string())
  .superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers)) {
      try {
        validateHeaderName(name);
        validateHeaderValue(name, value);
      } catch (error) {
        const message = messageOf(error);
        context.addIssue({ code: "custom", path: [name], message, input: name });
      }
    }
  })
  .default({})
  .describe("Extra request headers, by name.");

/** Trust and identity towards a TLS peer; file names are relative to the working directory. */
export const clientTlsConfig = z
  .strictObject({
    ca_file: z.string().min(1).optional().describe("PEM certificates to trust instead of the system's."),
    cert_file: z.string().min(1).optional().describe("PEM client certificate; needs key_file."),
    key_file: z.string().min(1).optional().describe("PEM key of cert_file."),
    server_name_override: z.string().min(1).optional().describe("Name to expect in the peer's certificate."),
    insecure_skip_verify: z.boolean().default(false).describe("Accept any certificate."),
  })
  .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), {
    message: "cert_file and key_file must be given together",
  });
export type ClientTlsConfig = z.infer<typeof clientTlsConfig>;

/** Config of an exporter that posts to one URL. */
export function httpExporterConfig(defaultEndpoint: string, compression: Compression = "gzip") {
  return z
    .strictObject({
      endpoint: httpUrlConfig
        .default(defaultEndpoint)
        .describe(
          "URL of the destination, http or https, or `discover://service[/path][?tag=…][&scheme=https]`: every request goes to an instance that `discovery` knows.",
        ),
      headers: headersConfig,
      compression: compressionConfig.default(compression),
      tls: clientTlsConfig.optional(),
      ...exporterCommonConfig,
    })
    .refine(
      ({ endpoint, tls }) => tls === undefined || !isDiscoverEndpoint(endpoint) || schemeOf(endpoint) !== "http",
      {
        path: ["tls"],
        message: "tls is set, but the endpoint discovers plain http; add scheme=https to it",
      },
    );
}

const httpUrlConfig = z.string().superRefine((text, context) => {
  const message = badHttpUrl(text);
  if (message !== undefined) context.addIssue({ code: "custom", message, input: text });
});

/** What is wrong with a `discover://` endpoint; undefined when nothing is. */
export function badDiscoverEndpoint(text: string): string | undefined {
  try {
    parseDiscoverEndpoint(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function schemeOf(endpoint: string): string | undefined {
  return badDiscoverEndpoint(endpoint) === undefined ? parseDiscoverEndpoint(endpoint).scheme : undefined;
}

function badHttpUrl(text: string): string | undefined {
  if (isDiscoverEndpoint(text)) {
    const grpc = schemeOf(text) === "grpc";
    return grpc ? `${JSON.stringify(text)}: expected scheme http or https` : badDiscoverEndpoint(text);
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.host === "") {
    return `${JSON.stringify(text)} is no URL that spans can be posted to; expected http://host:port/…, https://… or discover://service`;
  }
  if (url.username !== "" || url.password !== "") {
    return "credentials do not belong into the URL; put them into headers, as authorization";
  }
  if (url.hash !== "") return `${JSON.stringify(text)} has a fragment (#…), which is never sent`;
  return isLinkLocal(url.hostname) ? new LinkLocalError(url.hostname, LINK_LOCAL_RULE).message : undefined;
}

/** A link-local address serves cloud metadata, never a tracing backend. */
export const LINK_LOCAL_RULE = "spans are never sent there";
