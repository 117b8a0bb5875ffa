import { controlsAccess } from "../../access/access-config.ts";
import { nearest } from "../../model/text/nearest.ts";
import { formatEndpoint, isEveryAddress, isLoopback, parseEndpoint } from "../../server/endpoint.ts";
import { endpointTexts } from "../../server/listen-addresses.ts";
import type { ReceiverTable } from "./builtin.ts";
import { componentType } from "./components.ts";
import type { Config } from "./config.ts";
import { type ConfigIssue, pathText } from "./config-error.ts";
import type { RawConfig } from "./config-sources.ts";

/** A listener that a config turns on. */
export interface ListenerAddress {
  /** `ui.endpoint` */
  readonly path: readonly string[];
  readonly endpoint: string;
  /** Nobody wrote it: it follows from another, and the collector does without where it cannot be had. */
  readonly derived?: boolean;
}

const QUERY_GRPC_PORT = 16_685;
const TEMPO_PORT = 3_200;

/** Where the gRPC query services listen by a config; undefined where it turns them off. */
export function grpcEndpointOf({ endpoint, grpc_endpoint: written }: Config["ui"]): string | undefined {
  return written === undefined ? onHostOf(endpoint, QUERY_GRPC_PORT) : (written ?? undefined);
}

/** The same of Tempo's API. */
export function tempoEndpointOf({ endpoint, tempo_endpoint: written }: Config["ui"]): string | undefined {
  return written === undefined ? onHostOf(endpoint, TEMPO_PORT) : (written ?? undefined);
}

function onHostOf(endpoint: string, port: number): string | undefined {
  const ui = parseEndpoint(endpoint);
  return ui && formatEndpoint({ host: ui.host, port: ui.port === 0 ? 0 : port });
}

export function listenersOf({ receivers, ui, discovery, proxy }: Config, table: ReceiverTable): ListenerAddress[] {
  const grpc = grpcEndpointOf(ui);
  const tempo = tempoEndpointOf(ui);
  return [
    ...receiverListeners(receivers, table),
    { path: ["ui", "endpoint"], endpoint: ui.endpoint },
    ...(grpc === undefined
      ? []
      : [{ path: ["ui", "grpc_endpoint"], endpoint: grpc, derived: ui.grpc_endpoint === undefined }]),
    ...(tempo === undefined
      ? []
      : [{ path: ["ui", "tempo_endpoint"], endpoint: tempo, derived: ui.tempo_endpoint === undefined }]),
    ...(discovery.server.enabled
      ? [{ path: ["discovery", "server", "endpoint"], endpoint: discovery.server.endpoint }]
      : []),
    ...(proxy.routes.length > 0 ? [{ path: ["proxy", "endpoint"], endpoint: proxy.endpoint }] : []),
  ];
}

function receiverListeners(receivers: Config["receivers"], table: ReceiverTable): ListenerAddress[] {
  return Object.entries(receivers).flatMap(([name, config]) =>
    (config.enabled ? (table[componentType(name)]?.listeners ?? []) : []).flatMap((listener) => {
      const endpoint = listener.endpoint(config);
      const path = ["receivers", name, ...listener.setting.split(".")];
      return endpoint === undefined ? [] : endpointTexts(endpoint).map((text) => ({ path, endpoint: text }));
    }),
  );
}

/**
 * Listeners that other machines reach without showing a certificate or a credential. The registry has tokens, and warns
 * by itself: it is left out. The proxy has no access control: it passes on what is for others.
 */
export function openToAll(config: Config, table: ReceiverTable): ListenerAddress[] {
  const asks = controlsAccess(config.access);
  return listenersOf(config, table).filter(({ path, endpoint }) => {
    const isOpen = path[0] === "proxy" || config.access.open_listeners.includes(pathText(path));
    if (asks && !isOpen) return false;
    if (path[0] === "discovery" || isLoopback(parseEndpoint(endpoint)?.host ?? "")) return false;
    const authority = [...path.slice(0, -1), "tls", "client_ca_file"];
    return authority.reduce<unknown>((node, key) => (node as RawConfig | undefined)?.[key], config) === undefined;
  });
}

/** An issue for each listener that `access` names and that this config does not have. */
export function unknownListeners({ access }: Config, all: readonly ListenerAddress[]): ConfigIssue[] {
  const known = new Set(all.map(({ path }) => pathText(path)));
  const places = [
    { path: ["access", "open_listeners"], named: access.open_listeners },
    ...Object.entries(access.trusted).map(([name, { listeners }]) => ({
      path: ["access", "trusted", name, "listeners"],
      named: listeners,
    })),
  ];
  return places.flatMap(({ path, named }) =>
    named
      .filter((setting) => !known.has(setting))
      .map((setting) => {
        const near = nearest(setting, [...known]);
        const hint = near === undefined ? `it has ${[...known].join(", ")}` : `did you mean "${near}"?`;
        return { path, text: `${pathText(path)}: no listener of this config has the setting "${setting}"; ${hint}` };
      }),
  );
}

/** An issue for each listener whose port an earlier one has on the same address, or on every address. */
export function sharedAddresses(all: readonly ListenerAddress[]): ConfigIssue[] {
  const listeners = all.filter(({ derived }) => derived !== true);
  return listeners.flatMap(({ path, endpoint }, index) => {
    const other = listeners
      .slice(0, index)
      .find((earlier) => pathText(earlier.path) !== pathText(path) && meets(earlier.endpoint, endpoint));
    if (other === undefined) return [];
    const text = `expected a port of its own, but ${pathText(other.path)} has it (found "${endpoint}")`;
    return [{ path, text: `${pathText(path)}: ${text}` }];
  });
}

function meets(a: string, b: string): boolean {
  const [one, two] = [parseEndpoint(a), parseEndpoint(b)];
  if (one === undefined || two === undefined || one.port !== two.port || one.port === 0) return false;
  const [host, otherHost] = [one.host, two.host].map((name) =>
    // 127.0.0.1 stands for ::1 too.
    name === "localhost" || name === "::1" ? "127.0.0.1" : name,
  );
  return host === otherHost || [host, otherHost].some((name) => isEveryAddress(name as string));
}
