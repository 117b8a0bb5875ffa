import type { AttributesInput } from "../trace/attributes.ts";

/** Methods that `http.request.method` may hold; others are `_OTHER` (OpenTelemetry HTTP semantic conventions). */
const METHODS: ReadonlySet<string> = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "TRACE",
  "QUERY",
]);

/** Query parameters whose values are signatures or keys; the conventions ask to redact them. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set(["awsaccesskeyid", "signature", "sig", "x-goog-signature"]);

/** `http.request.method`, and `http.request.method_original` where that is another. */
export function methodAttributes(method: string): AttributesInput {
  const upper = method.toUpperCase();
  const known = METHODS.has(upper) ? upper : "_OTHER";
  return { "http.request.method": known, "http.request.method_original": known === method ? undefined : method };
}

/** The method as span names have it: `HTTP` for one that nobody knows. */
export function methodName(method: string): string {
  const upper = method.toUpperCase();
  return METHODS.has(upper) ? upper : "HTTP";
}

/** `host:port` of a Host header; the port of the scheme where none is given. */
export function hostAttributes(host: string | undefined, scheme: string): AttributesInput {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(host ?? "");
  if (match === null || match[1] === "") return {};
  return {
    "server.address": match[1]?.replace(/^\[|\]$/g, ""),
    "server.port": match[2] === undefined ? (scheme === "https" ? 443 : 80) : Number(match[2]),
  };
}

/** The URL without credentials and with secret parameters redacted. */
export function safeUrl(url: URL): string {
  const copy = new URL(url);
  if (copy.username !== "") copy.username = "REDACTED";
  if (copy.password !== "") copy.password = "REDACTED";
  copy.search = safeQuery(copy.search);
  return copy.href;
}

/** A query string, with or without `?`, whose secret parameters are redacted. */
export function safeQuery(query: string): string {
  return query.replace(/([?&]|^)([^=&?]+)=([^&]*)/g, (whole, before: string, name: string) =>
    SECRET_PARAMETERS.has(name.toLowerCase()) ? `${before}${name}=REDACTED` : whole,
  );
}
