import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export interface Slice {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly [field: string]: unknown;
}

interface LogEntry {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly slice: Slice;
}

interface Watcher {
  readonly response: ServerResponse;
  readonly matches: (slice: Slice) => boolean;
}

/**
 * The EndpointSlice endpoints of a Kubernetes API server as its API concepts page describes them: lists in pages,
 * watches from a resource version, bookmarks, 410 for versions that are gone, bearer tokens.
 */
export class KubeContractServer {
  readonly #token: string;
  readonly #slices = new Map<string, Slice>();
  readonly #log: LogEntry[] = [];
  readonly #watchers = new Set<Watcher>();
  #version = 100;
  #oldest = 0;
  #server: Server | undefined;
  #port = 0;
  readonly requests: string[] = [];
  /** Items in a page, whatever the client asks for. */
  pageSize = 500;
  /** Every watch is too old, as where the server's history is shorter than a list takes. */
  alwaysGone = false;
  /** Pages that are answered with 410 first. */
  expiredPages = 0;

  constructor(token: string) {
    this.#token = token;
  }

  get port(): number {
    return this.#port;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.endWatches();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  put(slice: Slice): void {
    const known = this.#slices.has(slice.metadata.name);
    this.#slices.set(slice.metadata.name, slice);
    this.#happened(known ? "MODIFIED" : "ADDED", slice);
  }

  remove(name: string): void {
    const slice = this.#slices.get(name);
    if (slice === undefined) return;
    this.#slices.delete(name);
    this.#happened("DELETED", slice);
  }

  names(): string[] {
    return [...this.#slices.keys()];
  }

  /** The server's own time passes: versions before now are gone, and watchers are told the new one. */
  bookmark(): void {
    this.#version += 50;
    for (const { response } of this.#watchers) {
      line(response, {
        type: "BOOKMARK",
        object: { kind: "EndpointSlice", metadata: { resourceVersion: `${this.#version}` } },
      });
    }
  }

  compact(): void {
    this.#oldest = this.#version;
  }

  endWatches(): void {
    for (const { response } of this.#watchers) response.end();
    this.#watchers.clear();
  }

  /** Tells every watcher an error in the stream, as the API server does for versions that went while it watched. */
  sendError(code: number, message: string): void {
    for (const { response } of this.#watchers) {
      line(response, { type: "ERROR", object: { kind: "Status", code, message } });
      response.end();
    }
    this.#watchers.clear();
  }

  /** Writes any text to every watcher. */
  sendRaw(text: string): void {
    for (const { response } of this.#watchers) response.write(text);
  }

  #happened(type: LogEntry["type"], slice: Slice): void {
    const entry = { version: ++this.#version, type, slice };
    this.#log.push(entry);
    for (const watcher of this.#watchers) if (watcher.matches(slice)) line(watcher.response, eventOf(entry));
  }

  #answer(request: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(request.url ?? "/", "http://kube");
    this.requests.push(request.url ?? "");
    if (request.headers.authorization !== `Bearer ${this.#token}`) return status(response, 401, "Unauthorized");
    const namespace = /^\/apis\/discovery\.k8s\.io\/v1\/namespaces\/([^/]+)\/endpointslices$/.exec(url.pathname)?.[1];
    if (namespace === undefined) return status(response, 404, "the server could not find the requested resource");
    const [label, value] = (url.searchParams.get("labelSelector") ?? "").split("=", 2) as [string, string?];
    const matches = ({ metadata }: Slice): boolean =>
      metadata.namespace === namespace &&
      metadata.labels[label] !== undefined &&
      (value === undefined || metadata.labels[label] === value);
    if (url.searchParams.get("watch") === "true") this.#watch(url, matches, response);
    else this.#list(url, matches, response);
  }

  #list(url: URL, matches: (slice: Slice) => boolean, response: ServerResponse): unknown {
    const from = Number(url.searchParams.get("continue") ?? 0);
    if (from > 0 && this.expiredPages > 0) {
      this.expiredPages--;
      return status(response, 410, "The provided continue parameter is too old");
    }
    const all = [...this.#slices.values()].filter(matches);
    const end = from + Math.min(this.pageSize, Number(url.searchParams.get("limit") ?? 500));
    const items = all.slice(from, end);
    const next = end < all.length ? { continue: String(end) } : {};
    const metadata = { resourceVersion: String(this.#version), ...next };
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ kind: "EndpointSliceList", metadata, items }));
  }

  #watch(url: URL, matches: (slice: Slice) => boolean, response: ServerResponse): unknown {
    const from = Number(url.searchParams.get("resourceVersion"));
    if (this.alwaysGone || from < this.#oldest) return status(response, 410, "too old resource version");
    response.setHeader("content-type", "application/json");
    response.flushHeaders();
    const watcher = { response, matches };
    this.#watchers.add(watcher);
    response.once("close", () => this.#watchers.delete(watcher));
    for (const entry of this.#log) {
      if (entry.version > from && matches(entry.slice)) line(response, eventOf(entry));
    }
    return undefined;
  }
}

function eventOf({ type, slice, version }: LogEntry): object {
  return { type, object: { ...slice, metadata: { ...slice.metadata, resourceVersion: String(version) } } };
}

function line(response: ServerResponse, value: object): void {
  response.write(`${JSON.stringify(value)}\n`);
}

function status(response: ServerResponse, code: number, message: string): void {
  response.statusCode = code;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ kind: "Status", status: "Failure", code, message }));
}
