import type { HeaderPair, Propagated, Propagator } from "../../propagation/context.ts";
import { methodAttributes, methodName, safeQuery } from "../../sdk/instrument/http-attributes.ts";
import type { Span } from "../../sdk/trace/span.ts";
import { samplingOf } from "../../sdk/trace/span-context.ts";
import type { Tracer } from "../../sdk/trace/tracer.ts";
import type { Target } from "../upstream/target.ts";
import type { GuardedRequest } from "./request-guard.ts";

export interface IncomingFacts {
  readonly method: string;
  readonly guarded: GuardedRequest;
  readonly scheme: "http" | "https";
  readonly httpVersion: string;
  readonly peerAddress: string | undefined;
  readonly peerPort: number | undefined;
  /** The address at which the request began, where a trusted peer told it. Otherwise the peer's. */
  readonly clientAddress: string | undefined;
  readonly userAgent: string | undefined;
}

/** The server span of a request. It continues what the headers said (OpenTelemetry HTTP semantic conventions 1.23+). */
export function startServerSpan(tracer: Tracer, route: string, facts: IncomingFacts, caller: Propagated): Span {
  const { method, guarded, scheme } = facts;
  const span = tracer.startSpan(`${methodName(method)} ${route}`, { kind: "server", parent: caller });
  if (!span.isRecording()) return span;
  setMethod(span, method);
  setCaller(span, facts);
  span.setAttribute("http.route", route);
  span.setAttribute("url.scheme", scheme);
  span.setAttribute("url.path", guarded.path);
  if (guarded.query !== "") span.setAttribute("url.query", safeQuery(guarded.query.slice(1)));
  return span;
}

/** Sets who asked whom, over what. Requests and calls have the same. */
export function setCaller(span: Span, facts: IncomingFacts): void {
  const { guarded, scheme } = facts;
  if (guarded.host !== undefined) {
    span.setAttribute("server.address", guarded.host);
    span.setAttribute("server.port", guarded.port ?? (scheme === "https" ? 443 : 80));
  }
  span.setAttribute("network.protocol.version", facts.httpVersion);
  span.setAttribute("network.peer.address", facts.peerAddress);
  span.setAttribute("network.peer.port", facts.peerPort);
  span.setAttribute("client.address", facts.clientAddress);
  span.setAttribute("user_agent.original", facts.userAgent);
}

/** What a client span tells of its request. */
export interface OutgoingFacts {
  readonly method: string;
  readonly target: Target;
  /** The path as it is sent, without query. */
  readonly path: string;
  /** With `?`, or empty. */
  readonly query: string;
  /** Attempts before this one. */
  readonly resend: number;
}

/** The client span of one attempt. */
export function startClientSpan(tracer: Tracer, server: Span, route: string, facts: OutgoingFacts): Span {
  const { method, target, path, query, resend } = facts;
  const span = tracer.startSpan(`${methodName(method)} ${route}`, { kind: "client", parent: server });
  if (!span.isRecording()) return span;
  setMethod(span, method);
  const url = `${target.secure ? "https" : "http"}://${target.authority}${path}`;
  span.setAttribute("url.full", query === "" ? url : url + safeQuery(query));
  span.setAttribute("server.address", target.host);
  span.setAttribute("server.port", target.port);
  span.setAttribute("network.protocol.version", "1.1");
  if (resend > 0) span.setAttribute("http.request.resend_count", resend);
  return span;
}

/** The trace headers to send on. They tell the client span and the caller's baggage in the configured formats. */
export function outgoingTrace(propagator: Propagator, span: Span, caller: Propagated): readonly HeaderPair[] {
  return propagator.inject({ span: span.context, sampling: samplingOf(span.context), baggage: caller.baggage });
}

/** Ends a client span. 4xx and 5xx are errors there. */
export function endClientSpan(span: Span, status: number): void {
  endWithStatus(span, status, 400);
}

/** Ends a server span. 5xx is an error there, 4xx is the caller's own. */
export function endServerSpan(span: Span, status: number): void {
  endWithStatus(span, status, 500);
}

/** Ends a span with what went wrong. `type` is its `error.type`. */
export function failSpan(span: Span, type: string, message: string, status?: number): void {
  if (status !== undefined) span.setAttribute("http.response.status_code", status);
  span.setAttribute("error.type", type).setStatus("error", message).end();
}

function endWithStatus(span: Span, status: number, errorsFrom: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= errorsFrom) span.setAttribute("error.type", String(status)).setStatus("error");
  span.end();
}

function setMethod(span: Span, method: string): void {
  if (methodName(method) === method) span.setAttribute("http.request.method", method);
  else span.setAttributes(methodAttributes(method));
}
