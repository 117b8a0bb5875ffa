import type { Propagated } from "../../propagation/context.ts";
import type { Span } from "../../sdk/trace/span.ts";
import type { UpstreamFailure } from "../upstream/errors.ts";
import type { Route } from "../upstream/route.ts";
import type { Target } from "../upstream/target.ts";
import type { ForwardedFrom } from "./forwarded.ts";
import { upstreamHeaders } from "./headers.ts";
import { outgoingTrace } from "./http-spans.ts";
import type { GuardedRequest } from "./request-guard.ts";

/** A request that may go on, with the route and the server span that it has. */
export interface Admitted {
  readonly guarded: GuardedRequest;
  readonly route: Route;
  readonly caller: Propagated;
  readonly server: Span;
  readonly from: ForwardedFrom;
  /** For `Via`, protocol and pseudonym: `1.1 spanloom-3f2a`. */
  readonly via: string;
}

/** What all requests of a proxy share. */
export interface ExchangeSettings {
  readonly retries: number;
  readonly maxBodyBytes: number;
  readonly logFailure: (route: Route, failure: UpstreamFailure, upstream: string | undefined) => void;
}

/** The Host header, or `:authority`, that this instance gets. */
export function authorityFor({ route, guarded }: Admitted, target: Target): string {
  return route.preserveHost && guarded.authority !== undefined ? guarded.authority : target.authority;
}

/**
 * Flat list of the headers that this instance gets. Host comes first. Those of framing and connection are not among
 * them. The client span continues the trace.
 */
export function headersFor(admitted: Admitted, rawHeaders: readonly string[], client: Span, target: Target): string[] {
  const { route, guarded, from, via, caller } = admitted;
  return upstreamHeaders({
    rawHeaders,
    names: guarded.names,
    from,
    via,
    authority: authorityFor(admitted, target),
    trace: outgoingTrace(route.trace.propagator, client, caller),
    isTraceHeader: route.trace.replaces,
  });
}
