import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import { CALLER_HEADER, callerText } from "./admission/admitted.ts";

/** RFC 9110 §7.6.1 and §10.1.1: these are between two neighbours. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "te", "upgrade", "expect", CALLER_HEADER]);

/** Of one answer: more are a leak. */
const MAX_LISTENERS = 20;

/**
 * Has another server of this program answer a request: it goes over `stream` as it came, and so does the answer, event
 * streams included. Whichever side goes away takes the other with it.
 * @param path what is asked of the other server, where that is not the request's own
 */
export function relay(request: IncomingMessage, response: ServerResponse, stream: Duplex, path = request.url): void {
  if (request.headers.expect !== undefined) response.writeContinue();
  // The listener, the routes and the pipeline each want to hear of its end, some of them more than once.
  response.setMaxListeners(MAX_LISTENERS);
  const asked = httpRequest({
    createConnection: () => stream,
    method: request.method,
    path,
    // The stream is for this request alone.
    headers: [...endToEnd(request.rawHeaders), ...received(request), ...letIn(request), "connection", "close"],
  });
  response.once("close", () => asked.destroy());
  asked.on("response", (answer) => {
    response.statusCode = answer.statusCode as number;
    for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
      if (!HOP_BY_HOP.has(name)) response.setHeader(name, values.length === 1 ? (values[0] as string) : values);
    }
    // An event stream says nothing for a while after its head.
    response.flushHeaders();
    pipeline(answer, response, () => {});
  });
  asked.on("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503, { "content-type": "text/plain" }).end("not answered: the collector is stopping\n");
  });
  pipeline(request, asked, () => {});
}

/** RFC 9110 §7.6.3: what is passed on no longer shows that it came as HTTP/1.0, which says something of the sender. */
function received({ httpVersion }: IncomingMessage): string[] {
  return httpVersion === "1.0" ? ["via", "1.0 spanloom"] : [];
}

/** Who it comes from, for a server that asks nobody itself. */
function letIn(request: IncomingMessage): string[] {
  const text = callerText(request);
  return text === undefined ? [] : [CALLER_HEADER, text];
}

/** Names and values in turn, as they came. */
function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i] as string, raw[i + 1] as string];
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}
