import type { HeaderPair, Propagated, Propagator } from "../propagation/context.ts";
import { hostAttributes, methodAttributes, methodName, safeQuery } from "../sdk/instrument/http-attributes.ts";
import type { Span } from "../sdk/span.ts";
import { samplingOf } from "../sdk/span-context.ts";
import type { Tracer } from "../sdk/tracer.ts";
import type { GuardedRequest } from "./request-guard.ts";
import type { Target } from "./upstream-pool.ts";

export interface IncomingFacts {
  readonly method: string;
  readonly guarded: GuardedRequest;
  readonly scheme: "http" | "https";
  readonly httpVersion: string;
  readonly peerAddress: string | undefined;
  /** The address the request began at, where a trusted peer told; else the peer's. */
  readonly clientAddress: string | undefined;
  readonly userAgent: string | undefined;
}

/** The server span of a request that continues what its headers said (OpenTelemetry HTTP semantic conventions 1.23+). */
export function startServerSpan(tracer: Tracer, route: string, facts: IncomingFacts, caller: Propagated): Span {
  const { method, guarded } = facts;
  return tracer.startSpan(`${methodName(method)} ${route}`, {
    kind: "server",
    parent: caller,
    attributes: {
      ...methodAttributes(method),
      ...hostAttributes(guarded.authority, facts.scheme),
      "http.route": route,
      "url.scheme": facts.scheme,
      "url.path": guarded.path,
      "url.query": guarded.query === "" ? undefined : safeQuery(guarded.query.slice(1)),
      "network.protocol.version": facts.httpVersion,
      "network.peer.address": facts.peerAddress,
      "client.address": facts.clientAddress,
      "user_agent.original": facts.userAgent,
    },
  });
}

/** The client span of one attempt; `resend` counts from 0. */
export function startClientSpan(
  tracer: Tracer,
  server: Span,
  route: string,
  method: string,
  target: Target,
  path: string,
  resend: number,
): Span {
  const name = `${methodName(method)} ${route}`;
  if (!server.isRecording()) return tracer.startSpan(name, { kind: "client", parent: server });
  return tracer.startSpan(name, {
    kind: "client",
    parent: server,
    attributes: {
      ...methodAttributes(method),
      "url.full": `${target.secure ? "https" : "http"}://${target.authority}${safeQuery(path)}`,
      "server.address": target.host,
      "server.port": target.port,
      "network.protocol.version": "1.1",
      "http.request.resend_count": resend === 0 ? undefined : resend,
    },
  });
}

/** The trace headers to send on: the client span, with the caller's baggage, in the configured formats. */
export function outgoingTrace(propagator: Propagator, span: Span, caller: Propagated): readonly HeaderPair[] {
  return propagator.inject({ span: span.context, sampling: samplingOf(span.context), baggage: caller.baggage });
}

/** Ends a client span: 4xx and 5xx are errors there. */
export function endClientSpan(span: Span, status: number): void {
  endWithStatus(span, status, 400);
}

/** Ends a server span: 5xx is an error, 4xx is the caller's own. */
export function endServerSpan(span: Span, status: number): void {
  endWithStatus(span, status, 500);
}

/** Ends a span with what went wrong; `type` is its `error.type`. */
export function failSpan(span: Span, type: string, message: string, status?: number): void {
  if (status !== undefined) span.setAttribute("http.response.status_code", status);
  span.setAttribute("error.type", type).setStatus("error", message).end();
}

function endWithStatus(span: Span, status: number, errorsFrom: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= errorsFrom) span.setAttribute("error.type", String(status)).setStatus("error");
  span.end();
}
