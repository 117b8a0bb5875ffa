import { PermanentError, type RetryableError } from "../../component/errors.ts";
import { GRPC_STATUS } from "../../model/grpc-status.ts";
import { type RegistryAnswer, RegistryHttp, type RegistryHttpSettings, type RegistryRequest } from "./http-client.ts";
import { asArray, asObject, asText, type JsonObject } from "./read-json.ts";

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** Decimal int64; "0" is none. */
  readonly lease: string;
}

export interface WatchBatch {
  readonly revision: bigint;
  readonly events: readonly { readonly type: "put" | "delete"; readonly kv: KeyValue }[];
  /** The asked revision is no longer kept. The stream ends with this. */
  readonly compacted: boolean;
}

export interface EtcdClientSettings extends Omit<RegistryHttpSettings, "name"> {
  readonly user: { readonly name: string; readonly password: string } | undefined;
}

/**
 * The part of etcd's v3 API that a registry needs, over its gRPC gateway (etcd.io/docs, "gRPC gateway"): JSON over
 * HTTP, keys and values in base64, int64 as text, streams as one JSON value a line. Errors are those of RegistryHttp.
 */
export class EtcdClient {
  readonly #http: RegistryHttp;
  readonly #user: EtcdClientSettings["user"];
  #token: string | undefined;

  constructor(settings: EtcdClientSettings) {
    this.#http = new RegistryHttp({ ...settings, name: "etcd" });
    this.#user = settings.user;
  }

  /** All keys that begin with `prefix`, and the revision of the whole store. */
  async range(prefix: string, signal?: AbortSignal): Promise<{ kvs: KeyValue[]; revision: bigint }> {
    const answer = await this.#call("/v3/kv/range", { key: encode(prefix), range_end: prefixEnd(prefix) }, signal);
    return { kvs: asArray(answer.kvs).map(readKeyValue), revision: revisionOf(answer) };
  }

  async put(key: string, value: string, lease: string): Promise<void> {
    await this.#call("/v3/kv/put", { key: encode(key), value: encode(value), lease });
  }

  /** False when there was no such key. */
  async remove(key: string): Promise<boolean> {
    const answer = await this.#call("/v3/kv/deleterange", { key: encode(key) });
    return (asText(answer.deleted) || "0") !== "0";
  }

  /** A new lease; etcd may make it longer. @param ttlSeconds at least 1 */
  async grant(ttlSeconds: number): Promise<string> {
    const answer = await this.#call("/v3/lease/grant", { TTL: String(ttlSeconds), ID: "0" });
    const id = asText(answer.ID);
    if (id === "" || id === "0") {
      throw this.#http.malformed({ method: "POST", path: "/v3/lease/grant" }, "the id of a lease");
    }
    return id;
  }

  /** False when the lease has ended. */
  async keepAlive(lease: string): Promise<boolean> {
    const answer = asObject((await this.#call("/v3/lease/keepalive", { ID: lease })).result);
    return (asText(answer.TTL) || "0") !== "0";
  }

  /** Ends a lease, with all its keys. One that has ended already is no error. */
  async revoke(lease: string): Promise<void> {
    try {
      await this.#call("/v3/lease/revoke", { ID: lease });
    } catch (error) {
      if (!(error instanceof PermanentError) || error.code !== "not_found") throw error;
    }
  }

  /** Changes of keys that begin with `prefix`, from `revision` on. Ends when etcd ends it. */
  async *watch(prefix: string, revision: bigint, idleMs: number, signal: AbortSignal): AsyncIterable<WatchBatch> {
    const create_request = {
      key: encode(prefix),
      range_end: prefixEnd(prefix),
      start_revision: String(revision),
      progress_notify: true,
    };
    const request = await this.#request("/v3/watch", { create_request }, signal);
    for await (const value of this.#http.lines({ ...request, timeoutMs: idleMs })) {
      const line = asObject(value);
      if (line.error !== undefined) throw this.#errorOf(request, 500, asObject(line.error), JSON.stringify(line.error));
      const result = asObject(line.result);
      const compacted = (asText(result.compact_revision) || "0") !== "0";
      if (result.canceled === true && !compacted) {
        throw this.#errorOf(request, 500, {}, asText(result.cancel_reason) || "the watch was cancelled");
      }
      const events = asArray(result.events).map((event) => {
        const { type, kv } = asObject(event);
        return { type: type === "DELETE" ? ("delete" as const) : ("put" as const), kv: readKeyValue(kv) };
      });
      yield { revision: revisionOf(result), events, compacted };
      if (compacted) return;
    }
  }

  close(): void {
    this.#http.close();
  }

  async #call(path: string, body: unknown, signal?: AbortSignal): Promise<JsonObject> {
    const request = await this.#request(path, body, signal);
    let answer = await this.#http.request(request);
    if (answer.status !== 200 && this.#user !== undefined && isAuthFailure(answer)) {
      // A token lives five minutes by default: once more with a new one.
      this.#token = undefined;
      answer = await this.#http.request(await this.#request(path, body, signal));
    }
    return this.#read(request, answer);
  }

  #read(request: RegistryRequest, answer: RegistryAnswer): JsonObject {
    // A stream that answers one call may end with a newline and more; the first line is the answer.
    const text = answer.text.trim().split("\n", 1)[0] ?? "";
    if (answer.status === 200) {
      const value = asObject(this.#http.parse(request, text));
      if (value.error === undefined) return value;
      throw this.#errorOf(request, 500, asObject(value.error), text);
    }
    let value: JsonObject = {};
    try {
      value = asObject(JSON.parse(text));
    } catch {
      // A proxy's page; the status tells enough.
    }
    throw this.#errorOf(request, answer.status, value, text);
  }

  async #request(path: string, body: unknown, signal?: AbortSignal): Promise<RegistryRequest> {
    if (this.#user !== undefined && this.#token === undefined) this.#token = await this.#authenticate();
    const headers = this.#token === undefined ? {} : { authorization: this.#token };
    return { method: "POST", path, body, headers, ...(signal === undefined ? {} : { signal }) };
  }

  async #authenticate(): Promise<string> {
    const request: RegistryRequest = { method: "POST", path: "/v3/auth/authenticate", body: this.#user };
    const answer = await this.#http.request(request);
    // A wrong password is INVALID_ARGUMENT here.
    if (answer.status === 400) throw this.#http.refusal(request, { ...answer, status: 401 });
    const token = asText(this.#read(request, answer).token);
    if (token === "") throw this.#http.malformed(request, "a token");
    return token;
  }

  #errorOf(request: RegistryRequest, status: number, value: JsonObject, text: string): RetryableError | PermanentError {
    const code = value.code ?? value.grpc_code;
    const message = asText(value.message) || asText(value.error) || text;
    const answer = { status, headers: {}, text: message };
    if (code === GRPC_STATUS.not_found)
      return new PermanentError("not_found", this.#http.refusal(request, answer).message);
    // "user name is empty" is how etcd says that it wants credentials and got none.
    const unnamed = code === GRPC_STATUS.invalid_argument && /user name is empty|auth/i.test(message);
    if (code === GRPC_STATUS.unauthenticated || code === GRPC_STATUS.permission_denied || unnamed) {
      return this.#http.refusal(request, { ...answer, status: 401 });
    }
    return this.#http.refusal(request, answer);
  }
}

/** The key after the last one that begins with `prefix`, in base64. */
export function prefixEnd(prefix: string): string {
  const bytes = Buffer.from(prefix);
  for (let at = bytes.length - 1; at >= 0; at--) {
    if ((bytes[at] as number) < 0xff) {
      bytes[at] = (bytes[at] as number) + 1;
      return bytes.subarray(0, at + 1).toString("base64");
    }
  }
  return Buffer.from([0]).toString("base64");
}

function isAuthFailure({ status, text }: RegistryAnswer): boolean {
  return status === 401 || /invalid auth token|"code":\s*16/.test(text);
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

function readKeyValue(value: unknown): KeyValue {
  const kv = asObject(value);
  const decode = (field: unknown): string => Buffer.from(asText(field), "base64").toString("utf8");
  return { key: decode(kv.key), value: decode(kv.value), lease: asText(kv.lease) || "0" };
}

function revisionOf(answer: JsonObject): bigint {
  const text = asText(asObject(answer.header).revision);
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}
