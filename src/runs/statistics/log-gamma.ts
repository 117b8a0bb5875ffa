/** Below it the recurrence is used until Stirling's series holds. */
const STIRLING_FROM = 10;

/** ln Γ(x) for x > 0, by Stirling's series (Abramowitz & Stegun 6.1.41); absolute error below 1e-13. */
export function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < STIRLING_FROM; at++) shift += Math.log(at);
  const r = 1 / (at * at);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - r * (691 / 360360)))))) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
