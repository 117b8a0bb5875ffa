import { randomBytes } from "node:crypto";
import type { Logger } from "../component/logger.ts";
import type { TraceContext } from "../propagation/context.ts";
import type { Span } from "../sdk/trace/span.ts";
import { isAllowedHost } from "../server/host-check.ts";
import { startCallServerSpan } from "./grpc/grpc-spans.ts";
import type { Admitted } from "./message/admitted.ts";
import type { ForwardedFrom } from "./message/forwarded.ts";
import { headerValues } from "./message/headers.ts";
import { type IncomingFacts, startServerSpan } from "./message/http-spans.ts";
import { type GuardedRequest, guardRequest, type Refusal } from "./message/request-guard.ts";
import { type AnyRequest, isGrpc } from "./message/response.ts";
import type { Route } from "./upstream/route.ts";
import { type Router, upstreamPath } from "./upstream/router.ts";

export interface AdmissionSettings {
  readonly router: Router<Route>;
  /** Host names by which callers may come, besides those of the routes. */
  readonly allowedHosts: readonly string[];
  /** True for peers that may tell where a request came from. */
  readonly trusts: (address: string | undefined) => boolean;
  readonly logger: Logger;
}

/** Decides which requests go on, and on which route. Starts the server span of those that do. */
export class Admission {
  readonly #settings: AdmissionSettings;
  /** Names this proxy in `Via`. A request that comes back with it has gone in a circle. */
  readonly #pseudonym = `spanloom-${randomBytes(4).toString("hex")}`;
  readonly #via = { "1.0": `1.0 ${this.#pseudonym}`, "1.1": `1.1 ${this.#pseudonym}`, "2.0": `2 ${this.#pseudonym}` };

  constructor(settings: AdmissionSettings) {
    this.#settings = settings;
  }

  admit(request: AnyRequest): Admitted | Refusal {
    const { method = "GET", rawHeaders, url: target = "" } = request;
    const http2 = "stream" in request;
    const guarded = guardRequest({ method, target, rawHeaders, httpVersion: request.httpVersion });
    if ("status" in guarded) return guarded;
    const { host, path, names } = guarded;
    if (!this.#isServed(host)) {
      const message = `host "${host}" is not served here; name it in a route or in proxy.allowed_hosts`;
      return { status: 421, reason: "host", message };
    }
    if (request.headers.via?.includes(this.#pseudonym) === true) {
      return { status: 508, reason: "loop", message: "the request came back to this proxy: a route leads to itself" };
    }
    const route = this.#settings.router.match(host, path);
    if (route === undefined) return { status: 404, reason: "no_route", message: `no route takes ${path}` };
    const { context: caller, others } = route.trace.extract(names, rawHeaders);
    const { from, facts } = this.#origin(request, method, guarded);
    const server = isGrpc(request)
      ? startCallServerSpan(route.tracer, upstreamPath(route, "", path), facts, caller)
      : startServerSpan(route.tracer, route.prefix, facts, caller);
    if (others.length > 0) this.#link(server, others);
    const via = this.#via[http2 ? "2.0" : request.httpVersion === "1.0" ? "1.0" : "1.1"];
    return { guarded, route, caller, from, server, via };
  }

  /** The formats do not agree about the trace: the others are not lost. */
  #link(server: Span, others: readonly TraceContext[]): void {
    for (const context of others) server.addLink({ context });
    this.#settings.logger.debug("a request's headers name several traces; the first of the route's formats decides", {
      trace: server.context.traceId,
      linked: others.map(({ traceId }) => traceId).join(", "),
    });
  }

  /** What the upstream and the span are told about where a request came from. */
  #origin(
    request: AnyRequest,
    method: string,
    guarded: GuardedRequest,
  ): { readonly from: ForwardedFrom; readonly facts: IncomingFacts } {
    const http2 = "stream" in request;
    const socket = http2 ? request.stream.session?.socket : request.socket;
    const secure = http2 ? request.stream.session?.encrypted === true : "encrypted" in request.socket;
    const scheme = secure ? "https" : "http";
    const address = socket?.remoteAddress;
    const { authority, port } = guarded;
    const from: ForwardedFrom = { address, scheme, authority, port, trusted: this.#settings.trusts(address) };
    const facts: IncomingFacts = {
      method,
      guarded,
      scheme,
      httpVersion: http2 ? "2" : request.httpVersion,
      peerAddress: address,
      peerPort: socket?.remotePort,
      clientAddress: clientAddress(request.rawHeaders, from),
      userAgent: request.headers["user-agent"],
    };
    return { from, facts };
  }

  #isServed(host: string | undefined): boolean {
    const { allowedHosts, router } = this.#settings;
    const header = host?.includes(":") ? `[${host}]` : host;
    return isAllowedHost(header, allowedHosts) || (host !== undefined && router.knowsHost(host));
  }
}

/** Where the request began: the first address that a trusted peer names, else the peer itself. */
function clientAddress(rawHeaders: readonly string[], { address, trusted }: ForwardedFrom): string | undefined {
  const told = trusted ? headerValues(rawHeaders, "x-forwarded-for")[0]?.split(",")[0]?.trim() : undefined;
  return told === undefined || told === "" ? address : told;
}
