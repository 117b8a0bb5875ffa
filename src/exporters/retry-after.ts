/**
 * `Retry-After` (RFC 9110 §10.2.3) as ms from `nowMs`: seconds or an HTTP date; a date that has passed is 0. Undefined
 * where the header is missing or is neither.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER / 1000) * 1000;
  // Date.parse takes far more than HTTP dates, all of which begin with the name of a day.
  const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
