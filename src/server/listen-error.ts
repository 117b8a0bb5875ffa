import type { Endpoint } from "../component/endpoint.ts";
import { PermanentError } from "../component/errors.ts";
import { messageOf } from "../model/message-of.ts";
import { formatEndpoint } from "./endpoint.ts";

/** What a person needs to know about a listener when it cannot be opened. */
export interface ListenerName {
  /** `OTLP/HTTP receiver`. */
  readonly title: string;
  /** `receivers.otlp.protocols.http.endpoint`. */
  readonly configKey: string;
  /** What else usually listens on its default port: `an OpenTelemetry Collector, Jaeger or another spanloom`. */
  readonly usualOccupant: string;
}

/** The error `listen_failed`: the address, why, what is likely in the way, and which setting changes it. */
export function listenError(cause: unknown, endpoint: Endpoint, name: ListenerName): PermanentError {
  const text = messageOf(cause);
  const code = (cause as { code?: string } | undefined)?.code ?? /\bE[A-Z]{4,}\b/.exec(text)?.[0] ?? "";
  const why = reasonOf(code, endpoint, name) ?? `${text}.`;
  return new PermanentError(
    "listen_failed",
    `${name.title}: cannot listen on ${formatEndpoint(endpoint)}: ${why} Set ${name.configKey} to another host:port.`,
    { cause },
  );
}

function reasonOf(code: string, endpoint: Endpoint, name: ListenerName): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `the port is taken, most likely by ${name.usualOccupant}. Stop that program, or use another port.`;
    case "EACCES":
      return `this user may not open port ${endpoint.port}; ports below 1024 usually need extra rights.`;
    case "EADDRNOTAVAIL":
      return `${endpoint.host} is no address of this machine.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host name ${endpoint.host} cannot be resolved.`;
    default:
      return undefined;
  }
}
