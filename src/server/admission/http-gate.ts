import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import {
  type Access,
  type AccessDecision,
  type AccessRefusal,
  type ListenerAccess,
  type NeedOf,
  REFUSAL_STATUS,
  type Shown,
} from "../../component/access.ts";
import { markAdmitted } from "./admitted.ts";
import { certificateNames } from "./client-certificate.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** How a refusal is told in a protocol's own form. Status and headers are to be set from it. */
export interface HttpRefusal extends AccessRefusal {
  readonly status: number;
  /** `WWW-Authenticate` or `Retry-After`. */
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** Whether a page of another origin may ask; what its browser is told, where it may. */
export interface PageCheck {
  check(
    method: string,
    headers: IncomingHttpHeaders,
  ): { readonly type: string; readonly headers?: OutgoingHttpHeaders };
}

/** Tells a refusal in a protocol's own form. */
export type AnswerRefused = (request: IncomingMessage, response: ServerResponse, refusal: HttpRefusal) => void;

/** What every HTTP listener says of who may ask it. */
export interface HttpAccess {
  /** Undefined: the collector has no access control. */
  readonly access: Access | ListenerAccess | undefined;
  readonly needOf: NeedOf;
  /** Of listeners that pages ask: preflights get through, which never have a credential, and pages read a refusal. */
  readonly cors?: PageCheck;
  /** Default: a line of text. */
  readonly answerRefused?: AnswerRefused;
}

/**
 * Puts access control in front of a handler: before the body is read, and before `100-continue` is said.
 * @param setting of the listener's address
 * @param onRefused told of each request that the handler does not see
 */
export function gated(
  handler: Handler,
  { access, needOf, cors, answerRefused = answerText }: HttpAccess,
  setting: string,
  onRefused: (request: IncomingMessage, refusal: AccessRefusal) => void,
): Handler {
  if (access === undefined) return handler;
  const listener = "ofListener" in access ? access.ofListener(setting) : access;
  const go = (request: IncomingMessage, response: ServerResponse, admission: AccessDecision): void => {
    if (response.destroyed) return;
    if (admission.admitted) {
      markAdmitted(request, admission);
      if (admission.charge !== undefined) chargeFor(request, response, admission.charge);
      handler(request, response);
      return;
    }
    const { refusal } = admission;
    onRefused(request, refusal);
    const headers = { ...headersOf(refusal, listener.challenges), ...pageHeaders(cors, request) };
    answerRefused(request, response, { ...refusal, status: REFUSAL_STATUS[refusal.reason].http, headers });
  };
  return (request, response) => {
    if (cors !== undefined && isPreflight(request)) {
      markAdmitted(request, { caller: undefined });
      handler(request, response);
      return;
    }
    const admission = listener.admit(needOf(request.method ?? "", pathOfTarget(request.url)), shownBy(request));
    if (admission instanceof Promise) void admission.then((decided) => go(request, response, decided));
    else go(request, response, admission);
  };
}

/** A value for each header that is shown once; one that comes twice is none. */
function shownBy(request: IncomingMessage): Shown {
  return {
    header(name) {
      const value = request.headers[name];
      return typeof value === "string" ? value : undefined;
    },
    peer: request.socket.remoteAddress,
    certificateNames: () => certificateNames(request.socket),
  };
}

/** The path of a request target in origin or absolute form (RFC 9112 §3.2). */
export function pathOfTarget(target = "/"): string {
  const path = target.split("?", 1)[0] as string;
  return path.startsWith("/") ? path : path.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, "") || "/";
}

/** By which the page of an allowed origin may read the answer. */
function pageHeaders(cors: PageCheck | undefined, { method = "", headers }: IncomingMessage): HttpRefusal["headers"] {
  const verdict = cors?.check(method, headers);
  if (verdict?.type !== "allowed" || verdict.headers === undefined) return {};
  return Object.fromEntries(Object.entries(verdict.headers).map(([name, value]) => [name, String(value)]));
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

/** By the length that it says, or, behind it, by what came over its connection meanwhile. */
function chargeFor(request: IncomingMessage, response: ServerResponse, charge: (bytes: number) => void): void {
  const said = Number(request.headers["content-length"]);
  if (said >= 0) {
    charge(said);
    return;
  }
  if (request.headers["transfer-encoding"] === undefined) return;
  const { socket } = request;
  const before = socket.bytesRead;
  response.once("close", () => charge(socket.bytesRead - before));
}

function headersOf({ reason, retryAfterMs }: AccessRefusal, challenges: readonly string[]): HttpRefusal["headers"] {
  if (reason === "unauthenticated") return { "www-authenticate": [...challenges] };
  if (retryAfterMs === undefined) return {};
  return { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) };
}

function answerText(_request: IncomingMessage, response: ServerResponse, refusal: HttpRefusal): void {
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value);
  response.writeHead(refusal.status, { "content-type": "text/plain; charset=utf-8" }).end(`${refusal.message}\n`);
}
