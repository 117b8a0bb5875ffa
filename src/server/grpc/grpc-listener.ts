import { createServer as createTcp, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTls, type TLSSocket } from "node:tls";
import type { Endpoint } from "../../component/endpoint.ts";
import { stackOf } from "../../component/reasons.ts";
import { onAbort } from "../../component/signals.ts";
import { endGently } from "../connection-end.ts";
import { openListener } from "../open-listener.ts";
import { refuseTls, sniffProtocol, tlsToPlain } from "../sniff-protocol.ts";
import { serveTls, type TlsFiles } from "../tls-files.ts";
import { DEFAULT_BEGIN_MS, type GrpcListenerOptions } from "./grpc-listener-options.ts";
import type { GrpcServer } from "./grpc-server.ts";

/** gRPC on its addresses with its services and grpc.health.v1: bounded in connections, headers, frames and time. */
export class GrpcListener {
  readonly #options: GrpcListenerOptions;
  /** Accepted connections, whatever they have come to. */
  readonly #sockets = new Set<Socket>();
  /** Those that have not said yet which protocol they speak. */
  readonly #undecided = new Set<Socket>();
  readonly #listening: NetServer[] = [];
  #loading: Promise<GrpcServer> | undefined;
  #server: GrpcServer | undefined;
  #tls: TlsFiles | undefined;
  #address: Endpoint | undefined;
  #draining: Promise<void> | undefined;

  constructor(options: GrpcListenerOptions) {
    this.#options = options;
  }

  /** The address in use, with the port that was given for port 0; undefined unless started. */
  get address(): Endpoint | undefined {
    return this.#address;
  }

  /**
   * @returns the bound address
   * @throws PermanentError `listen_failed`, or `config_invalid` for unusable certificates
   */
  async start(): Promise<Endpoint> {
    const { name, endpoint, tls, logger, maxConnections, onRefused, late } = this.#options;
    if (late !== true) await this.#load();
    const take = (socket: Socket) => this.#take(socket);
    const create = (files: TlsFiles | undefined): NetServer => {
      const listening = this.#createListening(files, take);
      listening.maxConnections = maxConnections;
      listening.on("drop", () => onRefused("connections", tooManyConnections(maxConnections, name.configKey)));
      return listening;
    };
    const opened = await openListener(this.#listening, create, { name, tls, endpoint, logger });
    this.#tls = opened.tls;
    this.#address = opened.address;
    return this.#address;
  }

  /** Reads certificate, key and authority again, as it happens by itself when they change. Nothing without TLS. */
  reloadTls(): void {
    this.#tls?.reload();
  }

  /** Stops accepting and lets calls under way finish; the signal's abort ends the rest. */
  async shutdown(signal: AbortSignal): Promise<void> {
    this.#tls?.close();
    this.#draining ??= this.#drain();
    const release = onAbort(signal, () => {
      this.#server?.endNow();
      for (const socket of this.#sockets) socket.destroy();
    });
    await this.#draining;
    release();
  }

  #load(): Promise<GrpcServer> {
    this.#loading ??= import("./grpc-server.ts").then(async ({ createGrpcServer }) => {
      const services = await this.#options.services();
      this.#server = createGrpcServer(this.#options, services, () => this.#draining === undefined);
      return this.#server;
    });
    return this.#loading;
  }

  /** A connection that speaks HTTP/2. */
  #take(socket: Socket): void {
    if (this.#server !== undefined) {
      this.#server.take(socket);
      return;
    }
    const serve = (server: GrpcServer) => {
      if (this.#draining === undefined) server.take(socket);
      else socket.destroy();
    };
    this.#load().then(serve, (error: unknown) => {
      const { logger, name } = this.#options;
      logger.error(`${name.title}: gRPC cannot be loaded`, { error: stackOf(error) });
      socket.destroy();
    });
  }

  #createListening(files: TlsFiles | undefined, take: (socket: Socket) => void): NetServer {
    const { name, onRefused, http1Hint, beginTimeoutMs: beginMs = DEFAULT_BEGIN_MS } = this.#options;
    const hold = (socket: Socket): void => {
      this.#sockets.add(socket);
      socket.setNoDelay(true).once("close", () => this.#sockets.delete(socket));
    };
    const decide = (socket: Socket): void => {
      this.#undecided.add(socket);
      sniffProtocol(socket, beginMs, (protocol) => {
        this.#undecided.delete(socket);
        if (protocol === "http2") take(socket);
        else if (protocol === "http1") {
          const hint = http1Hint ?? WRONG_PORT;
          onRefused("wrong_port", hint);
          refuseHttp1(socket, hint);
        } else if (protocol === "tls") {
          onRefused("tls", tlsToPlain(settingBeside(name.configKey, "tls")));
          refuseTls(socket);
        }
      });
    };
    if (files === undefined) return createTcp().on("connection", hold).on("connection", decide);
    const server = serveTls(files, (tls) => createTls({ ...tls, ALPNProtocols: ["h2"], handshakeTimeout: beginMs }));
    server.on("connection", hold);
    server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      if (error.code !== "ECONNRESET") onRefused("tls", `the TLS handshake failed: ${error.message}`);
      socket.destroy();
    });
    server.on("secureConnection", (socket) => {
      socket.on("error", () => void socket.destroy());
      decide(socket);
    });
    return server;
  }

  async #drain(): Promise<void> {
    if (this.#listening.length === 0) return;
    const closed = this.#listening.map((one) => new Promise<void>((resolve) => void one.close(() => resolve())));
    this.#server?.endGently();
    for (const socket of this.#undecided) socket.destroy();
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    await Promise.all(closed);
    this.#address = undefined;
  }
}

function tooManyConnections(most: number, endpointKey: string): string {
  const setting = settingBeside(endpointKey, "max_connections");
  return `closed at once: there are ${most} connections already${setting === undefined ? "" : `, which ${setting} sets`}`;
}

/** Where a listener has such a setting, it stands beside its endpoint. */
function settingBeside(endpointKey: string, name: string): string | undefined {
  return endpointKey.endsWith(".endpoint") ? endpointKey.replace(/endpoint$/, name) : undefined;
}

const WRONG_PORT =
  "this port takes OTLP over gRPC, which is HTTP/2; OTLP over HTTP has a port of its own, by default 4318";

/** Tells a sender of HTTP/1 that it has the wrong port. */
function refuseHttp1(socket: Socket, hint: string): void {
  const text = `${hint}\n`;
  socket.write(
    `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  endGently(socket);
}
