/**
 * SVG path of a small series in a box of `width` × `height`: one step a point, gaps where a value is null. `top` is the
 * value at the upper edge, at least the largest of the series.
 */
export function sparklinePath(
  values: readonly (number | null)[],
  top: number,
  width: number,
  height: number,
  closed: boolean,
): string {
  const step = width / Math.max(1, values.length);
  const y = (value: number) => round(height - (top > 0 ? Math.min(1, value / top) : 0) * height);
  let path = "";
  let from: number | undefined;
  const end = (index: number) => {
    if (closed && from !== undefined) path += `L${round(index * step)} ${height}L${round(from * step)} ${height}Z`;
    from = undefined;
  };
  for (const [index, value] of values.entries()) {
    if (value === null || (closed && value === 0)) {
      end(index);
      continue;
    }
    path += `${from === undefined ? "M" : "L"}${round(index * step)} ${y(value)}H${round((index + 1) * step)}`;
    from ??= index;
  }
  end(values.length);
  return path;
}

export function largest(values: readonly (number | null)[]): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
