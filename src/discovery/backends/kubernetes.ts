import { z } from "zod";
import type { ComponentFactory, Host } from "../../component/component.ts";
import type { DiscoveryBackend, ServiceInstance } from "../../component/discovery.ts";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import { backoffMs } from "../../component/retry.ts";
import { pause } from "../../component/wait.ts";
import { instancesOfSlices, SERVICE_NAME_LABEL, serviceOfSlice, sliceKey } from "../client/endpoint-slices.ts";
import { RegistryHttp, type RegistryRequest } from "../client/http-client.ts";
import { inClusterAccess, type KubeAccess, kubeconfigAccess, readToken } from "../client/kube-access.ts";
import { asArray, asNumber, asObject, asText, type JsonObject } from "../client/read-json.ts";
import { byId, healthyWithTags, sameInstances } from "../instance/instance.ts";
import { readOnly, readSettingFile, registryUrlConfig, timeoutConfig } from "./common.ts";

export const kubernetesBackendConfig = z
  .strictObject({
    kubeconfig: z.string().min(1).optional().describe("File to read; default: the pod's service account."),
    context: z.string().min(1).optional().describe("Of the kubeconfig; default: its current context."),
    api_server: registryUrlConfig.optional().describe("Instead of a kubeconfig; with token_file and ca_file."),
    token_file: z.string().min(1).optional().describe("Read again for every request to api_server."),
    ca_file: z.string().min(1).optional().describe("PEM certificates to trust for api_server."),
    namespace: z.string().min(1).optional().describe("Default: that of the pod or context, else `default`."),
    port_name: z.string().min(1).optional().describe("The port to use of a service with several; default: the first."),
    tag_label_prefix: z
      .string()
      .min(1)
      .default("tag.spanloom.io/")
      .describe('Labels of a Service with this prefix are its tags: `tag.spanloom.io/production: "true"`.'),
    timeout_ms: timeoutConfig,
    watch_seconds: z.int().min(1).max(3_600).default(300).describe("How long one watch request lasts, s."),
  })
  .refine((config) => config.kubeconfig === undefined || config.api_server === undefined, {
    message: "give kubeconfig or api_server, not both",
  })
  .refine((config) => config.api_server !== undefined || (config.token_file ?? config.ca_file) === undefined, {
    message: "token_file and ca_file belong to api_server",
  })
  .refine((config) => config.context === undefined || config.kubeconfig !== undefined, {
    message: "context belongs to kubeconfig",
  });
export type KubernetesBackendConfig = z.output<typeof kubernetesBackendConfig>;

/** Slices in one page of a list. */
const PAGE = 500;
/** Pages of one list; a server that never ends is not followed for ever. */
const MAX_PAGES = 200;
const GONE = 410;
/** A watch that the server ends at once is not opened faster than this, ms. */
const MIN_LOOP_MS = 50;
const GONE_BACKOFF = { initialMs: MIN_LOOP_MS, maxMs: 30_000, factor: 2 };
/** A watch that lasted this long was no failure, ms. */
const STEADY_MS = 10_000;

/**
 * EndpointSlices of a namespace, listed and then watched from the list's resource version; bookmarks move it on, and
 * when it is too old (410) everything is listed again (kubernetes.io, "Efficient detection of changes").
 */
class KubernetesBackend implements DiscoveryBackend {
  readonly type = "kubernetes";
  readonly capabilities = { writable: false, healthChecks: false, showsExpired: false } as const;
  readonly #config: KubernetesBackendConfig;
  #running: { readonly http: RegistryHttp; readonly access: KubeAccess; readonly namespace: string } | undefined;

  constructor(config: KubernetesBackendConfig) {
    this.#config = config;
  }

  async start(host: Host): Promise<void> {
    const access = await accessOf(this.#config);
    const http = new RegistryHttp({
      name: "kubernetes",
      url: access.server,
      timeoutMs: this.#config.timeout_ms,
      userAgent: host.userAgent,
      tls: {
        ca: access.ca,
        cert: access.cert,
        key: access.key,
        servername: access.servername,
        rejectUnauthorized: !access.insecureSkipVerify,
      },
    });
    this.#running = { http, access, namespace: this.#config.namespace ?? access.namespace ?? "default" };
  }

  async shutdown(): Promise<void> {
    this.#running?.http.close();
    this.#running = undefined;
  }

  async register(): Promise<never> {
    throw readOnly("kubernetes", "the cluster knows its pods itself");
  }

  async deregister(): Promise<never> {
    throw readOnly("kubernetes", "the cluster knows its pods itself");
  }

  async heartbeat(): Promise<never> {
    throw readOnly("kubernetes", "readiness probes are the heartbeats");
  }

  async discover(name: string, tags?: readonly string[]): Promise<ServiceInstance[]> {
    const { slices } = await this.#list(selector(name));
    return healthyWithTags(this.#instancesOf(name, slices), tags);
  }

  async *watch(name: string, signal: AbortSignal): AsyncIterable<ServiceInstance[]> {
    let last: ServiceInstance[] | undefined;
    /** Times in a row that a list was too old before anything came of it. */
    let stale = 0;
    try {
      while (!signal.aborted) {
        const listed = await this.#list(selector(name), signal);
        const slices = new Map(listed.slices.map((slice) => [sliceKey(slice), slice]));
        let { version } = listed;
        const began = performance.now();
        let gone = false;
        for (;;) {
          const now = this.#instancesOf(name, slices.values());
          if (last === undefined || !sameInstances(last, now)) yield now;
          last = now;
          if (gone || signal.aborted) break;
          const opened = performance.now();
          for await (const event of this.#events(selector(name), version, signal)) {
            if (event.type === "gone") {
              gone = true;
              break;
            }
            stale = 0;
            version = event.version || version;
            if (event.type === "bookmark") continue;
            if (event.type === "deleted") slices.delete(sliceKey(event.slice));
            else slices.set(sliceKey(event.slice), event.slice);
            const changed = this.#instancesOf(name, slices.values());
            if (!sameInstances(last, changed)) yield changed;
            last = changed;
          }
          if (performance.now() - opened < MIN_LOOP_MS) await pause(MIN_LOOP_MS, signal);
        }
        if (performance.now() - began >= STEADY_MS) stale = 0;
        // A list costs the API server far more than a watch: it may be its load that made this one too old.
        else await pause(backoffMs(stale++, GONE_BACKOFF, Math.random), signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
  }

  async list(): Promise<ServiceInstance[]> {
    const byService = new Map<string, JsonObject[]>();
    for (const slice of (await this.#list(SERVICE_NAME_LABEL)).slices) {
      const name = serviceOfSlice(slice);
      const list = byService.get(name);
      if (list === undefined) byService.set(name, [slice]);
      else list.push(slice);
    }
    return [...byService.values()].flatMap((slices) => this.#instances(slices)).sort(byId);
  }

  /** Under the name that was asked for: its Service may be called otherwise, see `selector`. */
  #instancesOf(name: string, slices: Iterable<JsonObject>): ServiceInstance[] {
    return this.#instances(slices).map((instance) => ({ ...instance, name }));
  }

  #instances(slices: Iterable<JsonObject>): ServiceInstance[] {
    const { port_name, tag_label_prefix } = this.#config;
    return instancesOfSlices(slices, { portName: port_name, tagLabelPrefix: tag_label_prefix });
  }

  /** All pages. A page whose token has expired (410) begins the list again, once. */
  async #list(labels: string, signal?: AbortSignal): Promise<{ slices: JsonObject[]; version: string }> {
    for (let attempt = 0; ; attempt++) {
      const slices: JsonObject[] = [];
      let next = "";
      let page = 0;
      do {
        const query = new URLSearchParams({ labelSelector: labels, limit: String(PAGE) });
        if (next !== "") query.set("continue", next);
        const request = await this.#request(query, signal);
        const answer = await this.#http.request(request);
        if (answer.status === GONE && next !== "" && attempt === 0) break;
        if (answer.status !== 200) throw this.#http.refusal(request, answer);
        const body = asObject(this.#http.parse(request, answer.text));
        if (!Array.isArray(body.items)) throw this.#http.malformed(request, "an EndpointSliceList");
        slices.push(...asArray(body.items).map(asObject));
        const metadata = asObject(body.metadata);
        next = asText(metadata.continue);
        if (next === "") return { slices, version: asText(metadata.resourceVersion) };
        page++;
      } while (page < MAX_PAGES);
      if (page >= MAX_PAGES) throw new PermanentError("malformed", "kubernetes: the list of EndpointSlices has no end");
    }
  }

  async *#events(labels: string, version: string, signal: AbortSignal): AsyncIterable<SliceEvent> {
    const { watch_seconds, timeout_ms } = this.#config;
    const query = new URLSearchParams({
      labelSelector: labels,
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: version,
      timeoutSeconds: String(watch_seconds),
    });
    const request = await this.#request(query, signal);
    try {
      for await (const value of this.#http.lines({ ...request, timeoutMs: watch_seconds * 1_000 + timeout_ms })) {
        const event = asObject(value);
        const object = asObject(event.object);
        const objectVersion = asText(asObject(object.metadata).resourceVersion);
        const type = asText(event.type);
        if (type === "BOOKMARK") yield { type: "bookmark", version: objectVersion };
        else if (type === "ADDED" || type === "MODIFIED")
          yield { type: "changed", version: objectVersion, slice: object };
        else if (type === "DELETED") yield { type: "deleted", version: objectVersion, slice: object };
        else if (type === "ERROR") {
          const code = asNumber(object.code) ?? 500;
          if (code === GONE) {
            yield { type: "gone" };
            return;
          }
          throw this.#http.refusal(request, { status: code, headers: {}, text: asText(object.message) });
        }
      }
    } catch (error) {
      if (error instanceof PermanentError && /answered 410\b/.test(error.message)) yield { type: "gone" };
      else throw error;
    }
  }

  async #request(query: URLSearchParams, signal: AbortSignal | undefined): Promise<RegistryRequest> {
    const { access, namespace } = this.#use;
    const token = await access.token();
    return {
      method: "GET",
      path: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices?${query}`,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(signal === undefined ? {} : { signal }),
    };
  }

  get #use() {
    if (this.#running === undefined) throw new RetryableError("unreachable", "the kubernetes backend is not running");
    return this.#running;
  }

  get #http(): RegistryHttp {
    return this.#use.http;
  }
}

type SliceEvent =
  | { readonly type: "bookmark"; readonly version: string }
  | { readonly type: "changed" | "deleted"; readonly version: string; readonly slice: JsonObject }
  | { readonly type: "gone" };

/**
 * Slices of the Service with this name, an underscore as a hyphen: Kubernetes has none (RFC 1035 label).
 * @throws PermanentError `bad_request` for what can be no name of a Service
 */
function selector(name: string): string {
  const label = name.replaceAll("_", "-");
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label)) {
    throw new PermanentError("bad_request", `"${name.slice(0, 70)}" is no name of a Kubernetes Service`);
  }
  return `${SERVICE_NAME_LABEL}=${label}`;
}

async function accessOf(config: KubernetesBackendConfig): Promise<KubeAccess> {
  if (config.kubeconfig !== undefined) return kubeconfigAccess(config.kubeconfig, config.context);
  const { api_server, token_file } = config;
  if (api_server === undefined) return inClusterAccess(process.env);
  return {
    server: api_server,
    namespace: undefined,
    ca: await readSettingFile("discovery.kubernetes.ca_file", config.ca_file),
    cert: undefined,
    key: undefined,
    insecureSkipVerify: false,
    servername: undefined,
    token: async () => (token_file === undefined ? undefined : readToken(token_file)),
  };
}

export const kubernetesBackend: ComponentFactory<KubernetesBackendConfig, unknown, DiscoveryBackend> = {
  type: "kubernetes",
  stability: "beta",
  config: kubernetesBackendConfig,
  create: (_settings, config) => new KubernetesBackend(config),
};
