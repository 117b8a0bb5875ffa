import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Propagated } from "../propagation/context.ts";
import type { Span } from "../sdk/span.ts";
import { answerText, writeHead } from "./answer.ts";
import { describeFailure, type UpstreamFailure } from "./errors.ts";
import { callerHeaders, type ForwardedFrom, headerValues, upstreamHeaders } from "./headers.ts";
import type { GuardedRequest } from "./request-guard.ts";
import type { Route } from "./route.ts";
import { stripPrefix } from "./router.ts";
import { endClientSpan, endServerSpan, failSpan, outgoingTrace, startClientSpan } from "./spans.ts";
import type { PickedTarget } from "./upstream-pool.ts";
import { connectUpstream } from "./upstream-request.ts";

export interface TunnelInput {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the caller sent after its headers. */
  readonly head: Buffer;
  readonly guarded: GuardedRequest;
  readonly route: Route;
  readonly caller: Propagated;
  readonly server: Span;
  readonly from: ForwardedFrom;
  readonly via: string;
  /** Silence in both directions that ends a tunnel, ms. */
  readonly idleMs: number;
  readonly logFailure: (failure: UpstreamFailure, upstream: string | undefined) => void;
  /** Called with what closes the tunnel once it stands. */
  readonly opened: (close: () => void) => void;
  readonly closed: () => void;
}

/** True for what the proxy opens a tunnel for (RFC 6455 §4.1). */
export function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.trim().toLowerCase() === "websocket";
}

/**
 * A WebSocket through the proxy. Its spans cover the handshake and end with it; the messages after it belong to whatever
 * the two ends make of them. An upstream that refuses the upgrade answers the caller itself.
 */
export async function openTunnel(input: TunnelInput): Promise<void> {
  const { request, socket, route, server, guarded } = input;
  const gone = new AbortController();
  const giveUp = (): void => gone.abort();
  socket.on("error", () => {});
  socket.once("close", giveUp);
  let picked: PickedTarget | undefined;
  let client: Span | undefined;
  const fail = (error: unknown): void => {
    const failure = describeFailure(error, route.service);
    if (client !== undefined) failSpan(client, failure.type, failure.detail);
    picked?.done(gone.signal.aborted ? "success" : "failure");
    if (gone.signal.aborted) {
      failSpan(server, "connection_lost", "the caller went away during the handshake");
      return;
    }
    route.counted.failed();
    route.counted.answered(failure.status);
    input.logFailure(failure, picked?.target.authority);
    failSpan(server, failure.type, failure.told, failure.status);
    const response = responseOn(request, socket);
    answerText(request, response, failure.status, failure.told);
  };
  try {
    picked = await route.pool.pick(gone.signal);
    const { target } = picked;
    const own = route.stripPrefix ? stripPrefix(route.prefix, guarded.path) : guarded.path;
    const path = `${target.basePath}${own}${guarded.query}`;
    client = startClientSpan(route.tracer, server, route.prefix, "GET", target, path, 0);
    const headers = handshakeHeaders(input, client, picked);
    const upstream = await connectUpstream(target, { method: "GET", path, headers }, route.connector, gone.signal);
    const span = client;
    const chosen = picked;
    upstream.on("error", (error) => {
      if (!span.ended) fail(error);
    });
    upstream.once("response", (answer) => {
      endClientSpan(span, answer.statusCode ?? 502);
      endServerSpan(server, answer.statusCode ?? 502);
      chosen.done("success");
      route.counted.answered(answer.statusCode ?? 502);
      const response = responseOn(request, socket);
      writeHead(response, answer.statusCode ?? 502, callerHeaders(answer.rawHeaders, false), answer.statusMessage);
      answer.once("error", () => socket.destroy());
      answer.pipe(response);
    });
    upstream.once("upgrade", (answer, upstreamSocket, upstreamHead) => {
      socket.off("close", giveUp);
      endClientSpan(span, 101);
      endServerSpan(server, 101);
      chosen.done("success");
      route.counted.answered(101);
      socket.write(switchingProtocols(answer));
      join(input, upstreamSocket, upstreamHead);
    });
    upstream.end();
  } catch (error) {
    fail(error);
  }
}

function handshakeHeaders(
  { request, route, guarded, from, via, caller }: TunnelInput,
  client: Span,
  picked: PickedTarget,
) {
  const { target } = picked;
  return upstreamHeaders({
    rawHeaders: request.rawHeaders,
    from,
    via,
    authority: route.preserveHost && guarded.authority !== undefined ? guarded.authority : target.authority,
    trace: outgoingTrace(route.trace.propagator, client, caller),
    isTraceHeader: route.trace.replaces,
    own: ["Connection", "Upgrade", "Upgrade", "websocket"],
  });
}

/** Bytes in both directions until either end closes. */
function join(input: TunnelInput, upstream: Duplex & { setTimeout?: unknown }, upstreamHead: Buffer): void {
  const { socket, head, idleMs, opened, closed } = input;
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    clearTimeout(idle);
    socket.destroy();
    upstream.destroy();
    closed();
  };
  const idle = setTimeout(close, idleMs);
  idle.unref();
  const active = (): void => void idle.refresh();
  if (upstreamHead.length > 0) socket.write(upstreamHead);
  if (head.length > 0) upstream.write(head);
  for (const [from, to] of [
    [socket, upstream],
    [upstream, socket],
  ] as const) {
    (from as { setTimeout?: (ms: number) => void }).setTimeout?.(0);
    from.on("data", active);
    from.on("error", close);
    from.once("close", close);
    // The other end is told that no more comes, and may still finish what it says.
    from.pipe(to);
  }
  opened(() => {
    socket.end();
    upstream.end();
  });
}

function switchingProtocols(answer: IncomingMessage): string {
  const headers = callerHeaders(answer.rawHeaders, false);
  const lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade"];
  lines.push(`Upgrade: ${headerValues(answer.rawHeaders, "upgrade")[0] ?? "websocket"}`);
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A response for a request whose socket the parser has let go of; the connection ends with it. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as never);
  response.once("finish", () => {
    response.detachSocket(socket as never);
    socket.end();
  });
  return response;
}
