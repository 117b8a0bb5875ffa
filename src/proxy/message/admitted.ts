import type { Propagated } from "../../propagation/context.ts";
import type { Span } from "../../sdk/trace/span.ts";
import type { UpstreamFailure } from "../upstream/errors.ts";
import type { Route } from "../upstream/route.ts";
import type { ForwardedFrom } from "./forwarded.ts";
import type { GuardedRequest } from "./request-guard.ts";

/** A request that may go on, with the route and the server span that it has. */
export interface Admitted {
  readonly guarded: GuardedRequest;
  readonly route: Route;
  readonly caller: Propagated;
  readonly server: Span;
  readonly from: ForwardedFrom;
  /** `1.1 spanloom-3f2a`: protocol and pseudonym for `Via`. */
  readonly via: string;
}

/** What all requests of a proxy share. */
export interface ExchangeSettings {
  readonly retries: number;
  readonly maxBodyBytes: number;
  readonly logFailure: (route: Route, failure: UpstreamFailure, upstream: string | undefined) => void;
}
