import { GRPC_STATUS } from "../model/grpc-status.ts";

/** What somebody may do: send spans, read them, change the collector and what it keeps, use the registry. */
export const SCOPES = ["ingest", "read", "admin", "registry"] as const;
export type AccessScope = (typeof SCOPES)[number];

/** Somebody who is known: a token or user of the config by its name, or a trusted address by the name it was given. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly AccessScope[];
}

/** What a request needs: any one of these scopes, or nothing. */
export type Need = readonly AccessScope[] | "nothing";

/** What a request for a path needs. The method is in upper case, the path as it was sent, without its query. */
export type NeedOf = (method: string, path: string) => Need;

/** What a request shows of who sends it; headers by their lower-case names. */
export interface Shown {
  header(name: string): string | undefined;
  /** Address of the peer. */
  readonly peer: string | undefined;
  /** Names of the client's certificate, where one was asked for and found good; what is no URI in lower case. */
  readonly certificateNames: () => readonly string[];
}

export interface AccessRefusal {
  /** `overloaded`: a rate or a quota of the caller's. */
  readonly reason: "unauthenticated" | "permission_denied" | "overloaded";
  /** What was wrong, what was expected, and which setting decides. */
  readonly message: string;
  /** Of `overloaded`. */
  readonly retryAfterMs?: number;
}

/** What was decided of a request. */
export type AccessDecision =
  | { readonly admitted: true; readonly caller: Caller | undefined; readonly charge?: (bytes: number) => void }
  | { readonly admitted: false; readonly refusal: AccessRefusal };

/** Access control at one listener. */
export interface ListenerAccess {
  /**
   * Decides by what stands before the body. A promise only where a password has to be checked for the first time. Never
   * throws, and counts what it refuses.
   */
  admit(need: Need, shown: Shown): AccessDecision | Promise<AccessDecision>;
  /** Values of `WWW-Authenticate`, for a 401. */
  readonly challenges: readonly string[];
}

/** Access control of a collector. It is there only where the config has somebody who may do something. */
export interface Access {
  /** @param setting of the listener's address, which is what the config calls it by: `receivers.zipkin.endpoint` */
  ofListener(setting: string): ListenerAccess;
}

/** How a refusal is told on either transport. */
export const REFUSAL_STATUS: Readonly<
  Record<AccessRefusal["reason"], { readonly http: number; readonly grpc: number }>
> = {
  unauthenticated: { http: 401, grpc: GRPC_STATUS.unauthenticated },
  permission_denied: { http: 403, grpc: GRPC_STATUS.permission_denied },
  overloaded: { http: 429, grpc: GRPC_STATUS.unavailable },
};
