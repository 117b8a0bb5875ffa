import { type ErrorCode, PermanentError } from "../../component/errors.ts";

/** An error as Jaeger's HTTP gateway tells it (api_v3's GRPCGatewayError). */
export function gatewayErrorBody(status: number, _code: ErrorCode, message: string): string {
  return JSON.stringify({ error: { httpCode: status, message } });
}

/** A `bad_request` in Jaeger's words: the parameter, what it held and what was expected. */
export function malformed(name: string, value: string, expected: string): PermanentError {
  const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value;
  return new PermanentError("bad_request", `malformed parameter ${name}: got '${shown}', expected ${expected}`);
}
