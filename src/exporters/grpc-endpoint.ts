export interface GrpcTarget {
  /** `host:port`, IPv6 in brackets. */
  readonly address: string;
  readonly secure: boolean | undefined;
}

/**
 * `host:port` or `http(s)://host:port`; the scheme decides on TLS, without one `tls` in the config does. Undefined for
 * anything else.
 */
export function parseGrpcEndpoint(text: string): GrpcTarget | undefined {
  const scheme = /^(https?):\/\//.exec(text)?.[1];
  const rest = scheme === undefined ? text : text.slice(scheme.length + 3).replace(/\/$/, "");
  const parts = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?$/.exec(rest);
  if (parts === null) return undefined;
  const port = parts[2] ?? (scheme === undefined ? undefined : "4317");
  if (port === undefined || Number(port) < 1 || Number(port) > 65535) return undefined;
  return { address: `${parts[1]}:${port}`, secure: scheme === undefined ? undefined : scheme === "https" };
}
