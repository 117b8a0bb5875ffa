import { codeOfHttpStatus, ERROR_STATUS } from "../../component/error-status.ts";
import { type ErrorCode, PermanentError } from "../../component/errors.ts";

/** A collector's answer that is no success, in its own words, or `otherwise` where it has none. */
export function refusalOf(status: number, text: string, otherwise: string): PermanentError {
  const { code, message } = told(text);
  return new PermanentError(code ?? codeOfHttpStatus(status), message ?? otherwise);
}

/** What either error envelope says: the UI API's or Jaeger's. */
function told(text: string): { readonly code?: ErrorCode | undefined; readonly message?: string | undefined } {
  try {
    const { error, errors } = JSON.parse(text) as {
      error?: { code?: string; message?: string };
      errors?: { msg?: string }[];
    };
    const code = error?.code !== undefined && Object.hasOwn(ERROR_STATUS, error.code) ? error.code : undefined;
    return { code: code as ErrorCode | undefined, message: error?.message ?? errors?.[0]?.msg };
  } catch {
    return {};
  }
}
