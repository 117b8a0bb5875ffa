/** Share of calls that failed, `0 %`, `< 0.1 %`, `2.3 %`, `100 %`. */
export function errorShare(calls: number, errors: number): string {
  if (errors === 0 || calls === 0) return "0 %";
  const share = (errors / calls) * 100;
  if (share < 0.1) return "< 0.1 %";
  return `${share >= 99.95 && errors < calls ? "> 99.9" : Number(share.toFixed(1))} %`;
}
