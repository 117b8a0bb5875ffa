import type { UiStatusResponse } from "../../src/query/ui/status-types.ts";
import type { TestCollector } from "../../src/testing/testing.ts";

/** Receivers of other formats, on free ports: what a test collector is to have besides OTLP. */
export const FOREIGN_RECEIVERS = {
  zipkin: { endpoint: "127.0.0.1:0" },
  jaeger: { endpoint: "127.0.0.1:0" },
} as const;

/** Where such a collector takes what is not OTLP, by the titles that its status has: `Zipkin/HTTP`. */
export async function foreignAddresses({
  uiUrl,
}: TestCollector): Promise<Readonly<Record<string, string | undefined>>> {
  const status = (await (await fetch(new URL("api/ui/status", uiUrl))).json()) as UiStatusResponse;
  return Object.fromEntries(status.endpoints.receivers.map(({ title, address }) => [title, address]));
}
