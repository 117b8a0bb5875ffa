import type { IncomingMessage } from "node:http";
import type { BatchFormat } from "../component/ingest.ts";
import type { Receiver, ReceiverFactory } from "../component/receiver.ts";
import { httpPostsConfig } from "./http-config.ts";
import { type HttpPostsConfig, HttpReceiver, httpPostsListener, type PostProtocol } from "./http-receiver.ts";

const TITLE = "Zipkin/HTTP";
const PROTOBUF = new Set(["application/x-protobuf", "application/protobuf"]);

/** As Zipkin's own server has it: what is not called protobuf is JSON, whatever it is called. */
function formatOf({ headers }: IncomingMessage): BatchFormat {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return PROTOBUF.has(type) ? "zipkin_protobuf" : "zipkin_json";
}

const protocol: PostProtocol = {
  type: "zipkin",
  title: TITLE,
  occupant: "a Zipkin server or another spanloom",
  source: "zipkin_http",
  paths: new Map([
    ["/api/v2/spans", formatOf],
    ["/api/v1/spans", () => "zipkin_json"],
  ]),
  unreadable: (message) => `Cannot decode spans: ${message}`,
};

/** Zipkin's `POST /api/v2/spans` and `/api/v1/spans` (openzipkin/zipkin-api, zipkin2-api.yaml and zipkin-api.yaml). */
export const zipkinReceiver = {
  type: "zipkin",
  stability: "beta",
  config: httpPostsConfig("127.0.0.1:9411"),
  onByDefault: true,
  essential: false,
  listeners: [httpPostsListener(TITLE, "/api/v2/spans")],
  load: async () => undefined,
  create: (settings, config): Receiver => new HttpReceiver(protocol, settings, config),
} satisfies ReceiverFactory<HttpPostsConfig>;
