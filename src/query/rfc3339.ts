const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
const NANOS_PER_MS = 1_000_000n;

/**
 * A time of RFC 3339 in ns since the epoch, negative before it: `2026-07-01T12:00:00.123456789Z`, or with an offset.
 * Digits beyond nanoseconds are cut off. Undefined for anything else, and for days and times that do not exist.
 */
export function parseRfc3339(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHour = "0", offsetMinute = "0"] = match;
  const numbers = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(numbers[0], numbers[1] - 1, numbers[2]);
  date.setUTCHours(numbers[3], numbers[4], numbers[5]);
  const shown = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  if (date.toISOString() !== shown || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000 * (sign === "-" ? -1 : 1);
  return BigInt(date.getTime() - offsetMs) * NANOS_PER_MS + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}
