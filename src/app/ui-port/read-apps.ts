import type { Connect } from "../../component/read.ts";
import type { HttpHandler } from "../../server/http-listener.ts";
import { relay } from "../../server/relay.ts";
import type { ForeignUi } from "./foreign-ui.ts";
import { createHttpApp, type HttpAppSettings } from "./http-app.ts";
import { createLogin } from "./login.ts";
import type { UiSessions } from "./ui-sessions.ts";
import { createZipkinApp, type ZipkinAppSettings } from "./zipkin-app.ts";

/** The applications of the UI port's server. They lie apart from it, which can listen before it can answer. */
export interface ReadApps {
  /** Of the UI port. */
  readonly ui: HttpHandler;
  /** Of Zipkin's port. */
  readonly zipkin: HttpHandler;
}

export interface ReadAppsSettings {
  readonly config: Omit<HttpAppSettings, "control" | "loadPages" | "login" | "besideForeign" | keyof Shared>;
  readonly shared: Shared;
  readonly connect: Connect;
  readonly loadWebFiles: () => Promise<typeof import("./web-files.ts")>;
  /** UIs of others in the places of our own, and of a word on what is here. */
  readonly foreign: { readonly jaeger: ForeignUi | undefined; readonly zipkin: ForeignUi | undefined };
  readonly autocompleteKeys: ZipkinAppSettings["autocompleteKeys"];
  /** Undefined without access control. */
  readonly sessions: UiSessions | undefined;
}

type Shared = Pick<HttpAppSettings, "viewHost" | "bounds" | "logger">;

export function createReadApps(settings: ReadAppsSettings): ReadApps {
  const { config, shared, connect, loadWebFiles, foreign, autocompleteKeys, sessions } = settings;
  const { basePath, allowedHosts, mcp, closing } = config;
  return {
    ui: createHttpApp({
      ...shared,
      control: (request, response) => relay(request, response, connect(request.socket.remoteAddress)),
      closing,
      basePath,
      besideForeign: foreign.jaeger !== undefined,
      allowedHosts,
      mcp,
      login: sessions && createLogin(sessions, shared.logger),
      loadPages: async () => (await loadWebFiles()).createPages(basePath, undefined, foreign.jaeger),
    }),
    zipkin: createZipkinApp({ ...shared, ui: foreign.zipkin, autocompleteKeys }),
  };
}
