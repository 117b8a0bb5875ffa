import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Need } from "../component/access.ts";
import type { OtherSignal } from "../model/signal.ts";
import type { Cors } from "../server/cors.ts";
import {
  bodyRefusal,
  type EarlyRefusal,
  type HostRules,
  hostRefusal,
  originRefusal,
  quoted,
  short,
} from "./http-checks.ts";

export interface OtlpHttpRules extends HostRules {
  readonly cors: Cors;
  readonly tracesPath: string;
  /** Whether logs and metrics are forwarded, or answered and dropped. */
  readonly takesOthers: boolean;
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
  | { readonly type: "health"; readonly path: string }
  | { readonly type: "preflight"; readonly headers: OutgoingHttpHeaders }
  | ({ readonly type: "refused" } & EarlyRefusal);

const OTHER_PATHS: ReadonlyMap<string, OtherSignal> = new Map([
  ["/v1/logs", "logs"],
  ["/v1/metrics", "metrics"],
]);

const HEALTH_PATHS: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

/** What a request on the port needs: how the port is, it tells everybody. */
export function otlpNeed(method: string, path: string): Need {
  return asksForHealth(method, path) ? "nothing" : ["ingest"];
}

function asksForHealth(method: string, path: string): boolean {
  return HEALTH_PATHS.has(path) && (method === "GET" || method === "HEAD");
}

/** What the request line and headers alone decide, in the order that tells a sender most. */
export function checkRequest(request: IncomingMessage, rules: OtlpHttpRules): CheckedRequest {
  const { method = "", headers } = request;
  const foreign = hostRefusal(headers.host, rules);
  if (foreign !== undefined) return { type: "refused", ...foreign };
  const path = (request.url ?? "").split("?", 1)[0] as string;
  if (asksForHealth(method, path)) return { type: "health", path };
  const signal = path === rules.tracesPath ? "traces" : OTHER_PATHS.get(path);
  if (signal === undefined || (signal !== "traces" && !rules.takesOthers)) {
    const refusal = { reason: "path", about: short(path), message: unknownPath(path, rules) };
    return { type: "refused", status: 404, refusal, headers: {} };
  }
  const verdict = rules.cors.check(method, headers);
  if (verdict.type === "refused") return { type: "refused", ...originRefusal(verdict.origin, rules) };
  if (verdict.type === "preflight") return verdict;
  const answer = verdict.type === "allowed" ? verdict.headers : {};
  const refused = bodyRefusal(method, headers, path, answer);
  if (refused !== undefined) return { type: "refused", ...refused };
  return { type: "pass", signal, headers: answer, fromPage: headers.origin !== undefined };
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
