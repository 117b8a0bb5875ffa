import type { UiErrorResponse } from "../../../src/query/ui/api-types.ts";
import type { LocalSource } from "./local-source.ts";
import { serverClock } from "./server-clock.ts";
import { headOfBytes, headOfStream, type TextHead } from "./text-head.ts";

/** An answer that is not 2xx, or none at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** The address of a path below the server's base path (`<base href>`), with query parameters. */
export function apiUrl(path: string, query: Readonly<Record<string, string>> = {}): string {
  const url = new URL(path, document.baseURI);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url.href;
}

/** Of an answer that may lack something: why, one sentence without a full stop. `useIncomplete` finds it. */
export interface Incomplete {
  readonly incomplete?: string;
}

/** @param local answers where the path is about one of its traces */
export async function getJson<T extends object>(
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
  local?: LocalSource,
): Promise<T & Incomplete> {
  const known = await localBytes(local, path, query);
  if (known !== undefined) return JSON.parse(new TextDecoder().decode(known)) as T;
  const response = await request(apiUrl(path, query), { signal });
  return { ...(await jsonOf<T>(response)), ...incompleteOf(response) };
}

/** A request that changes something: the header tells the collector that no page of another site asks. */
export async function postJson<T>(path: string, body: object): Promise<T> {
  const headers = { "content-type": "application/json", "x-spanloom": "1" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return jsonOf<T>(await request(apiUrl(path), init));
}

export async function getBytes(
  path: string,
  signal: AbortSignal,
  local?: LocalSource,
): Promise<Incomplete & { readonly bytes: ArrayBuffer }> {
  const known = await localBytes(local, path, {});
  if (known !== undefined) return { bytes: known.buffer };
  const response = await request(apiUrl(path), { signal });
  return { bytes: await response.arrayBuffer(), ...incompleteOf(response) };
}

/** The beginning of a text, at most so many bytes of it; the collector is stopped where there is more. */
export async function getHead(
  path: string,
  most: number,
  signal: AbortSignal,
  local?: LocalSource,
): Promise<Incomplete & TextHead> {
  const known = await localBytes(local, path, {});
  if (known !== undefined) return headOfBytes(known, most);
  const response = await request(apiUrl(path), { signal });
  const head = response.body === null ? { text: "", whole: true } : await headOfStream(response.body, most);
  return { ...head, ...incompleteOf(response) };
}

/** Undefined where the collector is to be asked. A saved page has none. */
async function localBytes(
  local: LocalSource | undefined,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const traceId = /^api\/ui\/traces\/([0-9a-f]{32})\//.exec(path)?.[1];
  if (local === undefined || traceId === undefined || !(local.saved || local.has(traceId))) return undefined;
  const answer = await local.answer(path, query);
  if (answer === undefined) throw new ApiError(404, "The file does not hold it");
  return answer;
}

function incompleteOf(response: Response): Incomplete {
  const reason = response.headers.get("x-spanloom-incomplete");
  return reason === null ? {} : { incomplete: reason };
}

/** For `catch`: an answer that says there is no such thing is no failure. */
export function nullWhereNotFound(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}

async function request(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new ApiError(0, "The collector does not answer. Is it still running?");
  }
  serverClock.heard(response.headers.get("date"), Date.now());
  if (response.status === 401 && response.headers.has("www-authenticate")) leadToLogin();
  if (!response.ok) throw new ApiError(response.status, await errorMessage(response));
  return response;
}

/** Whether nobody is logged in who has to be: then the login has been asked for, and comes. */
export async function asksForLogin(signal: AbortSignal): Promise<boolean> {
  const answer = await request(apiUrl("api/ui/services"), { signal }).catch((error: unknown) => error);
  return answer instanceof ApiError && answer.status === 401;
}

/** What something between here and the collector answers is often a page, with status 200. */
async function jsonOf<T>(response: Response): Promise<T> {
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch {
    const type = response.headers.get("content-type") ?? "no type";
    throw new ApiError(
      response.status,
      `Something else than the collector answered: expected JSON, got ${type.slice(0, 80)}. Is there a proxy in between?`,
    );
  }
}

/** The session is over: the page is where the login leads back to. */
function leadToLogin(): void {
  const root = new URL(".", document.baseURI).href;
  const next = location.href.startsWith(root) ? location.href.slice(root.length).split("#", 1)[0] : undefined;
  location.assign(apiUrl("login", next ? { next } : {}));
}

/** The server's own words where it sent them: the UI API's envelope, or Jaeger's. */
async function errorMessage(response: Response): Promise<string> {
  const fallback = `The collector answered ${response.status} ${response.statusText}`.trimEnd();
  try {
    const body = (await response.json()) as Partial<UiErrorResponse> & { errors?: readonly { msg?: string }[] };
    return body.error?.message ?? body.errors?.[0]?.msg ?? fallback;
  } catch {
    return fallback;
  }
}
