import type { IncomingMessage, ServerResponse } from "node:http";
import type { Span } from "../trace/span.ts";
import type { Tracing } from "../trace/tracing.ts";
import { hostAttributes, methodAttributes, methodName, safeQuery } from "./http-attributes.ts";

/** The part of an express request that says which route matched. */
interface Route {
  readonly path?: unknown;
}

export interface HttpServerOptions {
  /** Requests that make no span; for example health checks. */
  readonly ignore?: (request: IncomingMessage) => boolean;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/**
 * Wraps a listener of `http.createServer`: each request runs in a server span that continues the caller's trace. The
 * span ends when the response is finished or the connection is lost; status 5xx and what the handler throws are errors.
 * What it throws is thrown on.
 */
export function traceHttpHandler(
  tracing: Tracing,
  handler: RequestHandler,
  options: HttpServerOptions = {},
): RequestHandler {
  return (request, response) => {
    if (options.ignore?.(request) === true) return handler(request, response);
    return inServerSpan(tracing, request, response, (span) => {
      try {
        const result = handler(request, response);
        if (result instanceof Promise) return result.catch((error: unknown) => failed(span, error));
        return result;
      } catch (error) {
        return failed(span, error);
      }
    });
  };
}

/** Express middleware; put it before the routes, and `expressErrorMiddleware` after them. */
export function expressMiddleware(
  tracing: Tracing,
  options: HttpServerOptions = {},
): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  return (request, response, next) => {
    if (options.ignore?.(request) === true) next();
    else inServerSpan(tracing, request, response, () => next());
  };
}

/** Express error middleware: records the error in the request's span and hands it on. */
export function expressErrorMiddleware(
  tracing: Tracing,
): (error: unknown, request: IncomingMessage, response: ServerResponse, next: (error: unknown) => void) => void {
  return (error, _request, _response, next) => {
    tracing.activeSpan()?.recordException(error);
    next(error);
  };
}

function inServerSpan<T>(
  tracing: Tracing,
  request: IncomingMessage,
  response: ServerResponse,
  run: (span: Span) => T,
): T {
  const remote = tracing.extract(request.headersDistinct as Record<string, string[]>);
  return tracing.withRemote(remote, () => {
    const method = request.method ?? "GET";
    const tracer = tracing.tracer("spanloom.http");
    const span = tracer.startSpan(methodName(method), { kind: "server", attributes: requestAttributes(request) });
    const route = watchRoute(request);
    response.once("close", () => endServerSpan(span, request, response, route()));
    return tracer.withSpan(span, () => {
      tracing.contexts.bindEmitter(request);
      tracing.contexts.bindEmitter(response);
      return run(span);
    });
  });
}

function requestAttributes(request: IncomingMessage): Record<string, string | number | undefined> {
  const scheme = "encrypted" in request.socket ? "https" : "http";
  const target = request.url ?? "/";
  const mark = target.indexOf("?");
  return {
    ...(methodAttributes(request.method ?? "GET") as Record<string, string | undefined>),
    ...(hostAttributes(request.headers.host, scheme) as Record<string, string | number | undefined>),
    "url.scheme": scheme,
    "url.path": mark < 0 ? target : target.slice(0, mark),
    "url.query": mark < 0 ? undefined : safeQuery(target.slice(mark + 1)),
    "network.protocol.version": request.httpVersion,
    "client.address": request.socket.remoteAddress,
    "user_agent.original": request.headers["user-agent"],
  };
}

function endServerSpan(
  span: Span,
  request: IncomingMessage,
  response: ServerResponse,
  route: string | undefined,
): void {
  if (route !== undefined) {
    span.setAttribute("http.route", route).updateName(`${methodName(request.method ?? "GET")} ${route}`);
  }
  if (response.headersSent) span.setAttribute("http.response.status_code", response.statusCode);
  if (!response.writableFinished) {
    span
      .setAttribute("error.type", "connection_lost")
      .setStatus("error", "the connection was lost before the response ended");
  } else if (response.statusCode >= 500 && span.status === "unset") {
    span.setAttribute("error.type", String(response.statusCode)).setStatus("error");
  }
  span.end();
}

/**
 * Notes the route that express matches, with the mount path of its router. Express sets `route` while the mount path is
 * known and has forgotten that path by the time an error handler answers, so it is read at that moment.
 */
function watchRoute(request: IncomingMessage): () => string | undefined {
  let route: Route | undefined;
  let matched: string | undefined;
  Object.defineProperty(request, "route", {
    configurable: true,
    enumerable: true,
    get: () => route,
    set(value: Route | undefined) {
      route = value;
      if (value?.path === undefined) return;
      const path = `${(request as { baseUrl?: string }).baseUrl ?? ""}${String(value.path)}`;
      matched = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
    },
  });
  return () => matched;
}

function failed(span: Span, error: unknown): never {
  span.fail(error);
  throw error;
}
