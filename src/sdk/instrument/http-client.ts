import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Span } from "../trace/span.ts";
import type { Tracing } from "../trace/tracing.ts";
import { methodAttributes, methodName, safeUrl } from "./http-attributes.ts";

type Fetch = typeof globalThis.fetch;

/** `http.request` or `https.request`, as far as it is wrapped. */
export type HttpRequest = (
  url: string | URL,
  options: RequestOptions,
  onResponse?: (response: IncomingMessage) => void,
) => ClientRequest;

export type TracedRequest = (
  url: string | URL,
  options?: RequestOptions,
  onResponse?: (response: IncomingMessage) => void,
) => ClientRequest;

/**
 * A fetch whose calls are client spans and carry the trace context. Status 4xx and 5xx and a failed call are errors;
 * the span ends with the response's headers, as the body is the caller's to read.
 */
export function tracedFetch(tracing: Tracing, fetch: Fetch = globalThis.fetch): Fetch {
  return (input, init) => {
    const request = new Request(input, init);
    const { span, headers } = startClientSpan(tracing, request.method, new URL(request.url));
    for (const [name, value] of headers) request.headers.set(name, value);
    return tracing.tracer("spanloom.http").withSpan(span, async () => {
      try {
        const response = await fetch(request);
        endClientSpan(span, response.status);
        return response;
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        span.fail(cause).end();
        throw error;
      }
    });
  };
}

/**
 * `http.request` or `https.request` in the form (url, options, onResponse) whose requests are client spans and carry
 * the trace context. The span ends with the response.
 */
export function tracedRequest(tracing: Tracing, request: HttpRequest): TracedRequest {
  return (url, options = {}, onResponse) => {
    const target = new URL(url);
    const { span, headers } = startClientSpan(tracing, options.method ?? "GET", target);
    let status: number | undefined;
    const made = tracing.contexts.bindEmitter(request(url, options));
    for (const [name, value] of headers) made.setHeader(name, value);
    made.once("response", (response) => {
      status = response.statusCode;
      tracing.contexts.bindEmitter(response);
    });
    if (onResponse !== undefined) made.once("response", onResponse);
    made.once("error", (error) => {
      span.fail(error);
    });
    made.once("close", () => endClientSpan(span, status));
    return made;
  };
}

function startClientSpan(tracing: Tracing, method: string, url: URL) {
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const span = tracing.tracer("spanloom.http").startSpan(methodName(method), {
    kind: "client",
    attributes: {
      ...methodAttributes(method),
      "url.full": safeUrl(url),
      "server.address": url.hostname.replace(/^\[|\]$/g, ""),
      "server.port": port,
    },
  });
  return { span, headers: tracing.headers(span) };
}

function endClientSpan(span: Span, status: number | undefined): void {
  if (status !== undefined) {
    span.setAttribute("http.response.status_code", status);
    if (status >= 400) span.setAttribute("error.type", String(status)).setStatus("error");
  }
  span.end();
}
