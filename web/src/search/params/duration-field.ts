const UNITS = [
  ["h", 3_600_000_000_000n],
  ["m", 60_000_000_000n],
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1_000n],
] as const;

/** A duration as a person writes it in a field: `1.2s`, `100ms`; ns. */
export function durationField(nano: bigint): string {
  for (const [unit, size] of UNITS) {
    if (nano < size) continue;
    const thousandths = (nano * 1_000n) / size;
    if (thousandths * size !== nano * 1_000n) continue;
    const fraction = String(thousandths % 1_000n)
      .padStart(3, "0")
      .replace(/0+$/, "");
    return `${thousandths / 1_000n}${fraction === "" ? "" : `.${fraction}`}${unit}`;
  }
  return `${nano}ns`;
}
