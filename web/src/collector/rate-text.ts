import { formatCount } from "../format/count.ts";

/** Of whole things a second, one digit after the point below a thousand. */
export function rateText(rate: number | undefined): string {
  if (rate === undefined) return "–";
  return rate >= 1000 ? formatCount(Math.round(rate)) : String(Number(rate.toFixed(1)));
}
