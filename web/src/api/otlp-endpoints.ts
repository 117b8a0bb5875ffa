import type { UiStatusResponse } from "../../../src/query/ui/status-types.ts";

/**
 * OTLP endpoints as an SDK's environment takes them; the standard ports of the page's own host where it is not known.
 */
export function otlpEndpoints(
  status: UiStatusResponse | undefined,
  hostname: string,
): { readonly grpc: string; readonly http: string } {
  const { otlpGrpc, otlpHttp } = status?.endpoints ?? {};
  return {
    grpc: otlpGrpc === undefined ? `http://${hostname}:4317` : reachable(`http://${otlpGrpc}`, hostname),
    http: otlpHttp === undefined ? `http://${hostname}:4318` : reachable(otlpHttp, hostname),
  };
}

/** A listener on all addresses is reached by the name the page was reached by. */
function reachable(url: string, hostname: string): string {
  return url.replace(/^(\w+:\/\/)(?:0\.0\.0\.0|\[::\])(?=[:/]|$)/, `$1${hostname}`);
}
