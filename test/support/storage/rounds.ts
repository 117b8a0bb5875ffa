/**
 * Rounds of a crash test: few in `npm test`, as many as SPANLOOM_CRASH_ROUNDS says in the long form (bench/crash).
 */
export function crashRounds(short: number): number {
  const asked = Number(process.env.SPANLOOM_CRASH_ROUNDS);
  return Number.isInteger(asked) && asked > 0 ? asked : short;
}
