/** Most members of a tracestate (W3C Trace Context level 2, §3.3.1.1). */
const MAX_MEMBERS = 32;

/**
 * `traceState` with the sampling threshold `th` (hex, trailing zeros stripped) in OpenTelemetry's member `ot`: other
 * sub-keys stay, an older `th` is replaced, the changed member moves to the left (W3C Trace Context §3.5), and members
 * beyond the 32 that are allowed fall off at the right. The empty threshold removes `th`, and `ot` with it where
 * nothing else is in it.
 */
export function withThreshold(traceState: string, threshold: string): string {
  const others: string[] = [];
  const kept: string[] = threshold === "" ? [] : [`th:${threshold}`];
  for (const part of traceState.split(",")) {
    const member = part.trim();
    if (member === "") continue;
    if (!member.startsWith("ot=")) {
      others.push(member);
      continue;
    }
    for (const pair of member.slice(3).split(";")) if (pair !== "" && !pair.startsWith("th:")) kept.push(pair);
  }
  const members = kept.length === 0 ? others : [`ot=${kept.join(";")}`, ...others];
  return members.slice(0, MAX_MEMBERS).join(",");
}
