import type { IncomingMessage } from "node:http";
import { type AccessScope, type Caller, SCOPES } from "../../component/access.ts";

/** Whether and as whom a request was let in. `caller` is undefined where it needed nobody. */
export interface LetIn {
  readonly caller: Caller | undefined;
}

const ADMITTED = Symbol("admitted");
type Marked = IncomingMessage & { [ADMITTED]?: LetIn };

/** Who a request comes from; undefined where nobody was asked, as the collector has no access control. */
export function admittedOf(request: IncomingMessage): LetIn | undefined {
  return (request as Marked)[ADMITTED];
}

export function markAdmitted(request: IncomingMessage, admitted: LetIn): void {
  (request as Marked)[ADMITTED] = admitted;
}

/** True where nobody is asked, or somebody is known with one of these scopes. */
export function mayDo(request: IncomingMessage, ...scopes: readonly AccessScope[]): boolean {
  const admitted = admittedOf(request);
  return admitted === undefined || scopes.some((scope) => admitted.caller?.scopes.includes(scope) === true);
}

/** Who had something changed, for the log: the caller's name where it is known, and the address in any case. */
export function whoAsks(request: IncomingMessage): { readonly caller: string; readonly peer: string | undefined } {
  return { caller: admittedOf(request)?.caller?.name ?? "anybody", peer: request.socket.remoteAddress };
}

/** Who sends, where senders share something: by the credential, or else by the address. */
export function sourceOf(caller: Caller | undefined, address: string | undefined): string {
  return caller === undefined ? (address ?? "an unknown address") : `credential ${caller.name}`;
}

/** `sourceOf` a request. */
export function requestSource(request: IncomingMessage): string {
  return sourceOf(admittedOf(request)?.caller, request.socket.remoteAddress);
}

/** Why the collector is not ready, as whoever asks may know it: the words are for those who are known. */
export function shownReason(request: IncomingMessage, reason: string | undefined): string | undefined {
  const admitted = admittedOf(request);
  return reason !== undefined && admitted !== undefined && admitted.caller === undefined ? "not ready" : reason;
}

/** Tells another server of this program who was let in. What a client sends by this name is taken off. */
export const CALLER_HEADER = "x-spanloom-caller";
const NOBODY = "-";

/** The value of that header; undefined where nobody was asked. */
export function callerText(request: IncomingMessage): string | undefined {
  const admitted = admittedOf(request);
  if (admitted === undefined) return undefined;
  const { caller } = admitted;
  return caller === undefined ? NOBODY : `${encodeURIComponent(caller.name)} ${caller.scopes.join(",")}`;
}

/** Takes over what that header says: for a server that only other servers of this program reach. */
export function takeCaller(request: IncomingMessage): void {
  const text = request.headers[CALLER_HEADER];
  if (typeof text !== "string") return;
  const [name = "", scopes = ""] = text.split(" ");
  const known = SCOPES.filter((scope) => scopes.split(",").includes(scope));
  const caller = text === NOBODY ? undefined : { name: decodeURIComponent(name), scopes: known };
  markAdmitted(request, { caller });
}
