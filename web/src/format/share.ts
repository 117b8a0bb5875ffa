/**
 * A share of 0 to 1 as percent, two or three digits: `0 %`, `< 0.1 %`, `2.3 %`, `100 %`. Less than all is never `100
 * %`.
 */
export function formatShare(share: number): string {
  if (!(share > 0)) return "0 %";
  const percent = share * 100;
  if (percent < 0.1) return "< 0.1 %";
  if (percent >= 99.95) return share < 1 ? "> 99.9 %" : "100 %";
  return `${Number(percent.toPrecision(percent >= 10 ? 3 : 2))} %`;
}
