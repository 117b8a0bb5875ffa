/**
 * Rounds of a crash test: few in `npm test`, as many as SPANLOOM_CRASH_ROUNDS says in the long form (bench/crash).
 */
export function crashRounds(short: number): number {
  const asked = Number(process.env.SPANLOOM_CRASH_ROUNDS);
  return Number.isInteger(asked) && asked > 0 ? asked : short;
}

/** Cases of a test that goes over many places: `short` in `npm test`, `long` in the long form. */
export function crashCases(short: number, long: number): number {
  return process.env.SPANLOOM_CRASH_ROUNDS === undefined ? short : long;
}
