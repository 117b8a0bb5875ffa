export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A cubic curve: start, two handles, end. */
type Cubic = readonly [Point, Point, Point, Point];

export interface EdgePath {
  /** SVG path of the line, and of the arrow's tip at its end. */
  readonly line: string;
  readonly tip: string;
  /** Points along the line, start to end, at about equal distances. */
  readonly along: readonly Point[];
}

const TIP = 8;
const SAMPLES = 16;

/** A curve through all points, level (`down`: upright) at each of them, with a tip at the last. */
export function edgePath(points: readonly Point[], down: boolean): EdgePath {
  const end = points[points.length - 1]!;
  const before = points[points.length - 2]!;
  const back = down ? Math.sign(before.y - end.y) : Math.sign(before.x - end.x);
  const neck = down ? { x: end.x, y: end.y + back * (TIP - 1) } : { x: end.x + back * (TIP - 1), y: end.y };
  const stops = [...points.slice(0, -1), neck];
  return pathOf(
    stops.slice(1).map((to, index) => bend(stops[index]!, to, down)),
    end,
    down ? { x: 0, y: back } : { x: back, y: 0 },
  );
}

/** A loop from a service to itself: out at `from`, in at `to`, which is to the left of and below it. */
export function loopPath(from: Point, to: Point): EdgePath {
  const neck = { x: to.x, y: to.y + TIP - 1 };
  return pathOf([[from, { x: from.x + 36, y: from.y }, { x: to.x, y: to.y + 44 }, neck]], to, { x: 0, y: 1 });
}

/** `back`: a step of 1 from the end towards where the line comes from. */
function pathOf(curves: readonly Cubic[], end: Point, back: Point): EdgePath {
  const start = curves[0]![0];
  const at = ({ x, y }: Point) => `${round(x)} ${round(y)}`;
  const side = { x: back.y, y: back.x };
  const wing = (sign: number) => ({
    x: end.x + back.x * TIP + side.x * sign * TIP * 0.6,
    y: end.y + back.y * TIP + side.y * sign * TIP * 0.6,
  });
  return {
    line: `M${at(start)}${curves.map(([, a, b, to]) => `C${at(a)} ${at(b)} ${at(to)}`).join("")}`,
    tip: `M${at(wing(-1))}L${at(end)}L${at(wing(1))}Z`,
    along: curves.flatMap((curve) =>
      Array.from({ length: SAMPLES }, (_, index) => pointOf(curve, (index + 0.5) / SAMPLES)),
    ),
  };
}

function bend(from: Point, to: Point, down: boolean): Cubic {
  if (down) {
    const pull = (to.y - from.y) * 0.45;
    return [from, { x: from.x, y: from.y + pull }, { x: to.x, y: to.y - pull }, to];
  }
  const pull = (to.x - from.x) * 0.45;
  return [from, { x: from.x + pull, y: from.y }, { x: to.x - pull, y: to.y }, to];
}

function pointOf([a, b, c, d]: Cubic, t: number): Point {
  const s = 1 - t;
  const mix = (p: number, q: number, r: number, e: number) =>
    s * s * s * p + 3 * s * s * t * q + 3 * s * t * t * r + t * t * t * e;
  return { x: mix(a.x, b.x, c.x, d.x), y: mix(a.y, b.y, c.y, d.y) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
