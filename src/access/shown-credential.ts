import type { Shown } from "../component/access.ts";

/** What a request shows. */
export type ShownCredential =
  | { readonly type: "token"; readonly token: string }
  | { readonly type: "password"; readonly user: string; readonly password: string }
  | { readonly type: "unreadable" };

/** `X-Consul-Token`, or `Authorization` with Bearer or Basic; undefined where neither is there. */
export function shownCredential(shown: Shown): ShownCredential | undefined {
  const consul = shown.header("x-consul-token");
  if (consul !== undefined && consul !== "") return { type: "token", token: consul };
  const authorization = shown.header("authorization");
  if (authorization === undefined) return undefined;
  const blank = authorization.indexOf(" ");
  const scheme = authorization.slice(0, Math.max(0, blank)).toLowerCase();
  const value = authorization.slice(blank + 1).trim();
  if (scheme === "bearer" && value !== "") return { type: "token", token: value };
  const pair = scheme === "basic" ? Buffer.from(value, "base64").toString("utf8") : "";
  const colon = pair.indexOf(":");
  if (colon < 0) return { type: "unreadable" };
  return { type: "password", user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
