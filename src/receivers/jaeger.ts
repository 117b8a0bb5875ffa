import type { IncomingMessage } from "node:http";
import { PermanentError } from "../component/errors.ts";
import type { BatchFormat } from "../component/ingest.ts";
import type { Receiver, ReceiverFactory } from "../component/receiver.ts";
import { quoted } from "./http-checks.ts";
import { httpPostsConfig } from "./http-config.ts";
import { type HttpPostsConfig, HttpReceiver, httpPostsListener, type PostProtocol } from "./http-receiver.ts";

const TITLE = "Jaeger/HTTP";
const TYPES: Readonly<Record<string, BatchFormat>> = {
  "application/x-thrift": "jaeger_thrift",
  "application/vnd.apache.thrift.binary": "jaeger_thrift",
  "application/vnd.apache.thrift.compact": "jaeger_thrift_compact",
};

/** Jaeger's collector answers what it does not take with 400, not with 415. */
function formatOf({ headers, url = "" }: IncomingMessage): BatchFormat {
  const asked = new URL(url, "http://localhost").searchParams.get("format");
  if (asked !== null && asked !== "jaeger.thrift") {
    throw new PermanentError("bad_request", `Unsupported format type: ${quoted(asked)}; expected jaeger.thrift`);
  }
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const format = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (format !== undefined) return format;
  const expected = Object.keys(TYPES).join(", ");
  throw new PermanentError("bad_request", `Unsupported content type: ${quoted(type)}; expected one of ${expected}`);
}

const protocol: PostProtocol = {
  type: "jaeger",
  title: TITLE,
  occupant: "a Jaeger collector or another spanloom",
  source: "jaeger_http",
  paths: new Map([["/api/traces", formatOf]]),
  samplingPath: "/api/sampling",
  unreadable: (message) => `Unable to process request body: ${message}`,
};

/**
 * Jaeger's `POST /api/traces`: a Batch of jaeger.thrift in each request (jaeger-idl, thrift/jaeger.thrift). Beside it
 * `GET /api/sampling?service=`, as on the port of Jaeger's collector.
 */
export const jaegerReceiver = {
  type: "jaeger",
  stability: "beta",
  config: httpPostsConfig("127.0.0.1:14268"),
  onByDefault: true,
  essential: false,
  listeners: [httpPostsListener(TITLE, "/api/traces")],
  load: async () => undefined,
  create: (settings, config): Receiver => new HttpReceiver(protocol, settings, config),
} satisfies ReceiverFactory<HttpPostsConfig>;
