const CLOSED: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE"]);

/**
 * Whether a request failed because the peer had closed a kept connection meanwhile, before it answered: that says
 * nothing of the peer, and the request may be sent once more on a new connection at once. It holds only for requests
 * without an answer, and nobody can know whether the peer has seen the request: whoever must not send twice asks
 * beforehand.
 * @param request `reusedSocket` of a ClientRequest: its connection had served another request
 * @param code `code` of the error
 */
export function closedWhileKept(request: { readonly reusedSocket: boolean } | undefined, code: unknown): boolean {
  return request?.reusedSocket === true && CLOSED.has(code);
}
