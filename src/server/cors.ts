import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { z } from "zod";
import type { Host } from "../component/component.ts";
import { isOwnOrigin } from "./same-origin.ts";

/** The Collector's names (confighttp). */
export const corsConfig = z.strictObject({
  allowed_origins: z
    .array(z.string().min(1))
    .optional()
    .describe(
      "Origins whose pages may send spans, `https://*.example.com`; `*` stands for any run of characters. Left out: pages of localhost, 127.0.0.1 and [::1] at any port where the listener is bound to a loopback address, else none.",
    ),
  allowed_headers: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Beside Accept, Accept-Language, Content-Language and Content-Type, which are always allowed. `*` allows any.",
    ),
  max_age: z.int().min(0).default(0).describe("How long a browser may remember a preflight, seconds."),
});
export type CorsConfig = z.infer<typeof corsConfig>;

export type CorsVerdict =
  /** No browser, or a page of this very listener. */
  | { readonly type: "same_origin" }
  | { readonly type: "allowed"; readonly headers: OutgoingHttpHeaders }
  /** A preflight to answer at once with 204 and these headers. */
  | { readonly type: "preflight"; readonly headers: OutgoingHttpHeaders }
  | { readonly type: "refused"; readonly origin: string };

/** @param host pages may show credentials where it has access control */
export function corsOf(config: CorsConfig, onLoopback: boolean, { access }: Pick<Host, "access">): Cors {
  const headers = access === undefined ? [] : ["Authorization"];
  return new Cors({ ...config, allowed_headers: [...config.allowed_headers, ...headers] }, onLoopback);
}

/** Pages of this machine, which a listener that only this machine reaches takes spans from unless told otherwise. */
const LOCAL_ORIGIN = /^https?:\/\/(?:(?:[\w-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/**
 * Decides by the Fetch standard's CORS protocol. Requests with credentials are allowed too, which `sendBeacon` always
 * sends: nothing is read of them. They take the exact origin in the answer.
 */
export class Cors {
  readonly #origins: readonly RegExp[];
  readonly #config: CorsConfig;

  /** @param onLoopback whether only this machine reaches the listener */
  constructor(config: CorsConfig, onLoopback: boolean) {
    this.#config = config;
    this.#origins = config.allowed_origins?.map(wildcard) ?? (onLoopback ? [LOCAL_ORIGIN] : []);
  }

  check(method: string, headers: IncomingHttpHeaders): CorsVerdict {
    const { origin, host } = headers;
    if (origin === undefined || isOwnOrigin(origin, host)) return { type: "same_origin" };
    if (!this.#origins.some((allowed) => allowed.test(origin))) return { type: "refused", origin };
    const common: OutgoingHttpHeaders = {
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
      vary: "Origin",
    };
    if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) {
      return { type: "allowed", headers: { ...common, "access-control-expose-headers": "Retry-After" } };
    }
    const asked = headers["access-control-request-headers"];
    return {
      type: "preflight",
      headers: {
        ...common,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": this.#allowedHeaders(asked),
        ...(this.#config.max_age === 0 ? {} : { "access-control-max-age": String(this.#config.max_age) }),
      },
    };
  }

  #allowedHeaders(asked: string | undefined): string {
    const listed = ["Content-Type", "Content-Encoding", ...this.#config.allowed_headers.filter((name) => name !== "*")];
    if (this.#config.allowed_headers.includes("*") && asked !== undefined) return asked;
    return listed.join(", ");
  }
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i");
}
