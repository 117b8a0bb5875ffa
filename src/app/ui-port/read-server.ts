import { createServer } from "node:http";
import { AccessControl, type AccessSettings } from "../../access/access-control.ts";
import type { ListenerAccess } from "../../component/access.ts";
import { PermanentError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import type { ReadServer, ReadServerParts } from "../../component/read.ts";
import { AnswerBounds } from "../../query/answer-bounds.ts";
import { formatEndpoint } from "../../server/endpoint.ts";
import type { GrpcListener } from "../../server/grpc/grpc-listener.ts";
import type { GrpcTlsConfig } from "../../server/grpc/grpc-listener-options.ts";
import { type HttpHandler, HttpListener } from "../../server/http-listener.ts";
import { type JaegerUiSettings, readForeignUi, readJaegerUi } from "./foreign-ui.ts";
import { LateHandler } from "./late-handler.ts";
import { leadToLogin } from "./lead-to-login.ts";
import type { ReadApps } from "./read-apps.ts";
import { timedRequests } from "./request-times.ts";
import { RequestTracing } from "./request-tracing.ts";
import { uiNeeds } from "./ui-needs.ts";
import { UiSessions } from "./ui-sessions.ts";

/** What the UI port is served with; plain, as it crosses threads. */
export interface ReadServerConfig {
  /** Undefined: the collector has no access control. */
  readonly access: AccessSettings | undefined;
  readonly endpoint: string;
  /** Of Jaeger's gRPC query services; undefined is off. */
  readonly grpcEndpoint: string | undefined;
  /** Of Tempo's API; undefined is off. */
  readonly tempoEndpoint: string | undefined;
  /** Of all three; undefined is none. */
  readonly tls: GrpcTlsConfig | undefined;
  readonly basePath: string;
  /** Jaeger UI in the place of our own; undefined is our own. */
  readonly jaegerUi: JaegerUiSettings | undefined;
  /** Folder of Zipkin's UI; undefined is none. */
  readonly zipkinAssetsPath: string | undefined;
  /** Keys of tags that Zipkin's readers are offered. */
  readonly zipkinAutocompleteKeys: readonly string[];
  readonly allowedHosts: readonly string[];
  /** Undefined where the MCP endpoint is off. */
  readonly mcp: { readonly version: string } | undefined;
  /** Load what answers at the start and the pages soon after it; without it when they are first asked for. */
  readonly loadsAhead: boolean;
}

/** Where the config has the port. */
const UI_SETTING = "ui.endpoint";
/** A search may take its time; a request has to arrive within it. */
const REQUEST_MS = 60_000;
/** The pages and their web server are loaded this long after the start, ms. */
const PAGES_AFTER_MS = 200;

/**
 * The listener of the UI port: read APIs and web UI from here, the rest from the control application.
 * @throws PermanentError `config_invalid` where a foreign UI cannot be read
 */
export function createReadServer(config: ReadServerConfig, parts: ReadServerParts): ReadServer {
  const { views, host, connect, at } = parts;
  const tracing = host.reportWork === undefined ? undefined : new RequestTracing(host.reportWork);
  const closing = new AbortController();
  const access = config.access && new AccessControl(config.access, host.metrics);
  const sessions = access && config.access && new UiSessions(access, config.access);
  const loadWebFiles = () => import("./web-files.ts");
  const viewHost = tracing?.views(views) ?? views;
  const bounds = new AnswerBounds();
  const { jaegerUi, zipkinAssetsPath, zipkinAutocompleteKeys: autocompleteKeys } = config;
  const jaeger = jaegerUi && readJaegerUi(jaegerUi);
  const lens = zipkinAssetsPath === undefined ? undefined : readForeignUi(zipkinAssetsPath, "ui.zipkin_assets_path");
  const late = lateApps(host.logger, async () =>
    (await import("./read-apps.ts")).createReadApps({
      config: { ...config, closing: closing.signal },
      shared: { viewHost, bounds, logger: host.logger },
      connect,
      loadWebFiles,
      foreign: { jaeger, zipkin: lens },
      autocompleteKeys,
      sessions,
    }),
  );
  const foreign = createServer(late.zipkin.handle);
  const handler = timedRequests(tracing?.requests(late.ui.handle) ?? late.ui.handle, host.metrics);
  const listener = uiListener(config, parts, handler, sessions?.ofListener(UI_SETTING));
  const grpcEndpoint = at?.grpc === undefined ? config.grpcEndpoint : formatEndpoint(at.grpc);
  const tempoEndpoint = at?.tempo === undefined ? config.tempoEndpoint : formatEndpoint(at.tempo);
  const shared = { access, tls: config.tls, viewHost, bounds };
  let grpc: GrpcListener | undefined;
  let tempo: HttpListener | undefined;
  let ahead: NodeJS.Timeout | undefined;
  return {
    async start() {
      const loadingGrpc = grpcEndpoint === undefined ? undefined : import("./grpc-queries.ts");
      const loadingTempo = tempoEndpoint === undefined ? undefined : import("./tempo-app.ts");
      for (const one of [loadingGrpc, loadingTempo]) one?.catch(() => {});
      if (config.loadsAhead) await Promise.all([late.ui.load(), late.zipkin.load()]);
      const http = await listener.start();
      if (loadingGrpc !== undefined && grpcEndpoint !== undefined) {
        const { createGrpcQueries } = await loadingGrpc;
        const created = createGrpcQueries({ ...shared, endpoint: grpcEndpoint, logger: host.logger });
        if (await starts(created, "Jaeger's gRPC query services", host.logger)) grpc = created;
      }
      if (loadingTempo !== undefined && tempoEndpoint !== undefined) {
        const { createTempoListener } = await loadingTempo;
        const { allowedHosts } = config;
        const created = createTempoListener({ ...shared, endpoint: tempoEndpoint, allowedHosts, host });
        if (await starts(created, "Tempo's API", host.logger)) tempo = created;
      }
      // Nobody waits for it, and whoever opens the first page soon will not have to.
      if (config.loadsAhead) ahead = setTimeout(() => void loadWebFiles().catch(() => {}), PAGES_AFTER_MS).unref();
      const beside = { grpc: grpc?.address, tempo: tempo?.address };
      return {
        http,
        ...(beside.grpc === undefined ? {} : { grpc: beside.grpc }),
        ...(beside.tempo === undefined ? {} : { tempo: beside.tempo }),
      };
    },
    accept: (stream) => void foreign.emit("connection", stream),
    async shutdown(signal) {
      clearTimeout(ahead);
      closing.abort();
      await Promise.all([listener.shutdown(signal), grpc?.shutdown(signal), tempo?.shutdown(signal)]);
    },
  };
}

/** Both are made together. */
function lateApps(logger: Logger, create: () => Promise<ReadApps>): Readonly<Record<keyof ReadApps, LateHandler>> {
  let creating: Promise<ReadApps> | undefined;
  const late = (which: keyof ReadApps) =>
    new LateHandler(async () => {
      creating ??= create();
      return (await creating)[which];
    }, logger);
  return { ui: late("ui"), zipkin: late("zipkin") };
}

/** With its name, its times, and who may ask. */
function uiListener(
  { endpoint, tls, basePath }: ReadServerConfig,
  { host, at }: ReadServerParts,
  handler: HttpHandler,
  access: ListenerAccess | undefined,
): HttpListener {
  return new HttpListener({
    name: { title: "web UI and read APIs", configKey: UI_SETTING, usualOccupant: "Jaeger or another spanloom" },
    access,
    needOf: uiNeeds(basePath),
    answerRefused: leadToLogin(basePath),
    endpoint: at === undefined ? endpoint : formatEndpoint(at.http),
    tls,
    logger: host.logger,
    handler,
    requestTimeoutMs: REQUEST_MS,
  });
}

/** A port that is taken is a warning: another program may well be there for a reason. */
async function starts(listener: GrpcListener | HttpListener, what: string, logger: Logger): Promise<boolean> {
  try {
    await listener.start();
    return true;
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "listen_failed") throw error;
    logger.warn(`the collector runs without ${what}`, { reason: error.message });
    return false;
  }
}
