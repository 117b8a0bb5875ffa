import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { OtherSignal } from "../codec/otlp/message/count-records.ts";
import type { Cors } from "../server/cors.ts";
import { allowedHostsText, hostName, isAllowedHost } from "../server/host-check.ts";
import type { RefusedRequest } from "./refusal-log.ts";

export interface OtlpHttpRules {
  readonly cors: Cors;
  readonly tracesPath: string;
  /** Whether logs and metrics are answered, and dropped. */
  readonly takesOthers: boolean;
  /** Host names to answer beside localhost and IP addresses; undefined answers every name. */
  readonly allowedHosts: readonly string[] | undefined;
  /** Path of the settings, for what a refusal names: `receivers.otlp.protocols.http`. */
  readonly configPath: string;
}

export type CheckedRequest =
  | {
      readonly type: "pass";
      readonly signal: "traces" | OtherSignal;
      /** For every answer to it. */
      readonly headers: OutgoingHttpHeaders;
      /** Sent by a page that may. */
      readonly fromPage: boolean;
    }
  | { readonly type: "preflight"; readonly headers: OutgoingHttpHeaders }
  | {
      readonly type: "refused";
      readonly status: number;
      readonly refusal: RefusedRequest;
      readonly headers: OutgoingHttpHeaders;
    };

const OTHER_PATHS: ReadonlyMap<string, OtherSignal> = new Map([
  ["/v1/logs", "logs"],
  ["/v1/metrics", "metrics"],
]);

/** What the request line and headers alone decide, in the order that tells a sender most. */
export function checkRequest(request: IncomingMessage, rules: OtlpHttpRules): CheckedRequest {
  const { method = "", headers } = request;
  if (rules.allowedHosts !== undefined && !isAllowedHost(headers.host, rules.allowedHosts)) {
    return refuse(421, {
      reason: "host",
      about: short(hostName(headers.host ?? "") ?? ""),
      message:
        `this listener does not answer for the host ${quoted(headers.host)}; it answers for ` +
        `${allowedHostsText(rules.allowedHosts)}. ${rules.configPath}.allowed_hosts allows further names`,
    });
  }
  const path = (request.url ?? "").split("?", 1)[0] as string;
  const signal = path === rules.tracesPath ? "traces" : OTHER_PATHS.get(path);
  if (signal === undefined || (signal !== "traces" && !rules.takesOthers)) {
    return refuse(404, { reason: "path", about: short(path), message: unknownPath(path, rules) });
  }
  const verdict = rules.cors.check(method, headers);
  if (verdict.type === "refused") {
    return refuse(403, {
      reason: "origin",
      about: short(verdict.origin),
      message: `the origin ${quoted(verdict.origin)} is not among ${rules.configPath}.cors.allowed_origins`,
    });
  }
  if (verdict.type === "preflight") return verdict;
  const answer = verdict.type === "allowed" ? verdict.headers : {};
  if (method !== "POST") {
    const message = `${method} is not allowed on ${path}; send POST`;
    return refuse(405, { reason: "method", message }, { ...answer, allow: "POST" });
  }
  if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) {
    const message = "the request has neither Content-Length nor Transfer-Encoding: chunked";
    return refuse(411, { reason: "length", message }, answer);
  }
  return { type: "pass", signal, headers: answer, fromPage: headers.origin !== undefined };
}

function refuse(status: number, refusal: RefusedRequest, headers: OutgoingHttpHeaders = {}): CheckedRequest {
  return { type: "refused", status, refusal, headers };
}

function unknownPath(path: string, { tracesPath, configPath }: OtlpHttpRules): string {
  const setting = configPath.replace(/\.protocols\.http$/, ".other_signals");
  const signal = /^\/v1(?:development)?\/(logs|metrics|profiles)$/.exec(path)?.[1];
  if (signal !== undefined) {
    const ways = signal === "profiles" ? "" : `; ${setting}: accept has them answered and dropped`;
    return `spanloom takes traces only, no ${signal}: send traces to ${tracesPath} and ${signal} to another collector${ways}`;
  }
  return (
    `nothing is served at ${quoted(path)}; OTLP traces are taken at POST ${tracesPath}, ` +
    `which ${configPath}.traces_url_path sets`
  );
}

/** Text of the sender's in an answer: quoted, printable, short. */
export function quoted(text: string | undefined): string {
  return JSON.stringify(short(text ?? ""));
}

function short(text: string): string {
  return text.slice(0, 200);
}
