export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface EdgePath {
  /** SVG path of the line, and of the arrow's tip. */
  readonly line: string;
  readonly tip: string;
  readonly label: Point;
}

/** A curve to the right through all points, level at each of them; the label on the middle of its first part. */
export function forwardEdge(points: readonly Point[]): EdgePath {
  const end = points[points.length - 1]!;
  const stops = [...points.slice(0, -1), { x: end.x - 7, y: end.y }];
  const parts = stops.slice(1).map((to, index) => {
    const from = stops[index]!;
    const bend = Math.max(20, (to.x - from.x) * 0.45);
    return `C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
  });
  const [first, second] = [stops[0]!, stops[1]!];
  return {
    line: `M${first.x} ${first.y}${parts.join("")}`,
    tip: `M${end.x - 8} ${end.y - 5}l8 5l-8 5Z`,
    label: { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 },
  };
}

/** A curve back to the left below the boxes, from the underside of one to the underside of the other. */
export function backwardEdge(from: Point, to: Point, depth: number): EdgePath {
  const low = Math.max(from.y, to.y) + depth;
  return {
    line: `M${from.x} ${from.y}C${from.x} ${low} ${to.x} ${low} ${to.x} ${to.y + 8}`,
    tip: `M${to.x - 5} ${to.y + 8}l5 -8l5 8Z`,
    label: { x: (from.x + to.x) / 2, y: low - depth * 0.25 },
  };
}
