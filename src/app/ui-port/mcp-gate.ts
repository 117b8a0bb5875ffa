import type { IncomingMessage } from "node:http";
import type { RequestHandler } from "router";
import type { ViewHost } from "../../component/read.ts";
import type { AnswerBounds } from "../../query/answer-bounds.ts";
import { admittedOf } from "../../server/admission/admitted.ts";
import { isFromThisMachine } from "../../server/same-machine.ts";
import { crossOriginReason, isOwnOrigin } from "../../server/same-origin.ts";
import { sendEnvelope } from "./http-errors.ts";

export interface McpGateSettings {
  /** Undefined where `ui.mcp.enabled` is false. `version`: of this package. */
  readonly mcp: { readonly version: string } | undefined;
  readonly viewHost: ViewHost;
  readonly bounds: AnswerBounds;
  /** Path of the pages, with a slash at its end. */
  readonly base: string;
}

/**
 * The endpoint of the Model Context Protocol: off unless it is enabled, and for programs of this machine alone where
 * nobody has to say who they are. What answers is loaded when it is first asked for.
 */
export function mcpGate({ mcp, viewHost, bounds, base }: McpGateSettings): RequestHandler {
  return (request, response, next) => {
    if (mcp === undefined) {
      sendEnvelope(response, 404, "the MCP endpoint is off; ui.mcp.enabled turns it on");
      return;
    }
    const reason = refusalOf(request);
    if (reason !== undefined) {
      sendEnvelope(response, 403, reason);
      return;
    }
    if (request.method !== "POST") {
      response.setHeader("allow", "POST");
      sendEnvelope(response, 405, "this endpoint has no sessions and no stream of its own: send every message by POST");
      return;
    }
    const settings = { host: viewHost, bounds, version: mcp.version, now: Date.now };
    const pages = `http://${request.headers.host ?? "localhost"}${base}`;
    import("../../query/mcp/mcp-server.ts")
      .then(({ answerMcp }) => answerMcp(request, response, settings, pages))
      .catch(next);
  };
}

/** Why a request is refused: by the guards of the UI port, and where it comes from elsewhere or another origin. */
function refusalOf(request: IncomingMessage): string | undefined {
  if (admittedOf(request)?.caller === undefined && !isFromThisMachine(request)) {
    return "the MCP endpoint answers programs on this machine alone, not through a proxy; with `access` in the config it answers those with the scope read";
  }
  const { origin, host } = request.headers;
  const reason = crossOriginReason("POST", request.headers);
  if (reason !== undefined || origin === undefined || isOwnOrigin(origin, host)) return reason;
  return `pages of ${origin} may not ask here`;
}
