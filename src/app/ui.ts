import { createServer } from "node:http";
import type { AccessSettings } from "../access/access-control.ts";
import type { BatchSink } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import type { MetricSample } from "../component/metrics.ts";
import type { Connect, ReadAddresses } from "../component/read.ts";
import type { SpanStore } from "../component/store.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { UiStatusResponse } from "../query/ui/status-types.ts";
import { takeCaller } from "../server/admission/admitted.ts";
import { formatEndpoint, reachable } from "../server/endpoint.ts";
import type { HttpHandler } from "../server/http-listener.ts";
import type { Config } from "./config/config.ts";
import { grpcEndpointOf, tempoEndpointOf } from "./config/listener-addresses.ts";
import { type LoadedModules, loadsLate } from "./load-modules.ts";
import { withSlash } from "./ui-port/base-path.ts";
import { LateHandler } from "./ui-port/late-handler.ts";
import type { ReadServerConfig } from "./ui-port/read-server.ts";
import { readVersion } from "./version.ts";

/** What the UI port answers beside the store's views. */
export interface UiSources {
  /** Undefined: the collector has no access control. */
  readonly access: AccessSettings | undefined;
  /** For what is loaded into the store from the UI. */
  readonly sink: BatchSink;
  readonly discovery: Discovery;
  readonly logger: Logger;
  readonly metrics: () => Promise<readonly MetricSample[]>;
  /**
   * @param url where the UI port itself is reached
   * @param listensOn its real address
   * @param beside what listens beside it
   */
  readonly status: (url: string, listensOn: string, beside: BesideUi) => Promise<UiStatusResponse>;
  /** Why the collector cannot take spans now; undefined when it can. */
  readonly notReady: () => string | undefined;
}

/** Where the gRPC query services and Tempo's API listen; without those that are off, or whose port was taken. */
export type BesideUi = Omit<ReadAddresses, "http">;

export interface ServedUi {
  /** With the base path and a trailing slash. */
  readonly url: string;
  /** The real address. */
  readonly listensOn: string;
  readonly beside: BesideUi;
  /** As ServedReads. */
  readonly connect: Connect;
  close(signal: AbortSignal): Promise<void>;
}

/** Opens the UI port, which is served in the query thread and asks the control application here for the rest. */
export async function serveUi(
  { ui, storage, discovery: { server, health } }: Config,
  store: SpanStore,
  { loadControl }: LoadedModules,
  { access, sink, discovery, logger, metrics, status, notReady }: UiSources,
): Promise<ServedUi> {
  const closing = new AbortController();
  const { local, remote } = discovery;
  let url = "";
  let listensOn = "";
  let beside: BesideUi = {};
  const createControl = async (): Promise<HttpHandler> => {
    const { createControlApp, createRegistryRoutes } = await loadControl();
    const control = createControlApp({
      admin: store,
      sink,
      registry: createRegistryRoutes({
        local,
        remote,
        tokens: server.tokens,
        anyCheckTarget: health.any_target,
        logger,
        closing: closing.signal,
      }),
      metrics,
      status: () => status(url, listensOn, beside),
      notReady,
      logger,
    });
    return (request, response) => {
      takeCaller(request);
      control(request, response);
    };
  };
  const control = createServer(new LateHandler(createControl, logger).handle);
  const config: ReadServerConfig = {
    access,
    endpoint: ui.endpoint,
    grpcEndpoint: grpcEndpointOf(ui),
    tempoEndpoint: tempoEndpointOf(ui),
    tls: ui.tls,
    basePath: ui.base_path,
    jaegerUi:
      ui.assets_path === undefined
        ? undefined
        : { assetsPath: ui.assets_path, configFile: ui.config_file, version: readVersion() },
    zipkinAssetsPath: ui.zipkin_assets_path,
    zipkinAutocompleteKeys: ui.zipkin_autocomplete_keys,
    allowedHosts: ui.allowed_hosts,
    mcp: ui.mcp.enabled ? { version: readVersion() } : undefined,
    loadsAhead: !loadsLate(storage),
  };
  const served = await store.serve(config, (stream) => control.emit("connection", stream));
  const { http, ...others } = served.addresses;
  listensOn = formatEndpoint(http);
  beside = others;
  url = `${ui.tls === undefined ? "http" : "https"}://${formatEndpoint(reachable(http))}${withSlash(ui.base_path)}`;
  return {
    url,
    listensOn,
    beside,
    connect: served.connect,
    close(signal) {
      // Event streams of the registry would keep the listener open.
      closing.abort();
      return served.close(signal);
    },
  };
}
