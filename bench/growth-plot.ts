// Draws the CSV of growth.ts as small multiples, one SVG that reads in light and dark.
//   npm run bench -- growth-plot docs/growth.csv docs/images/growth.svg
import { readFileSync, writeFileSync } from "node:fs";

const [, , csv, svg] = process.argv;
if (csv === undefined || svg === undefined) throw new Error("usage: growth-plot CSV SVG");
const [head = [], ...rows] = readFileSync(csv, "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split(","));

const WIDTH = 260;
const HEIGHT = 130;
const GAP = 46;
const COLUMNS = 3;
const INK = "#7a828e";
const LINES = ["#2f7de1", "#e0762f"];

interface Panel {
  readonly title: string;
  readonly columns: readonly string[];
}

const PANELS: readonly Panel[] = [
  { title: "ingest, spans a CPU second", columns: ["spans_per_cpu_s"] },
  { title: "acknowledgement p50, p99, ms", columns: ["ack_p50_ms", "ack_p99_ms"] },
  { title: "RSS, MiB", columns: ["rss_mib"] },
  { title: "disk, bytes a span", columns: ["disk_b_per_span"] },
  { title: "trace by id p50, p99, ms", columns: ["trace_p50_ms", "trace_p99_ms"] },
  { title: "service, 20 traces p50, p99, ms", columns: ["service_p50_ms", "service_p99_ms"] },
  { title: "service and tag p50, p99, ms", columns: ["tag_p50_ms", "tag_p99_ms"] },
  { title: "a tag nobody has p50, p99, ms", columns: ["nothing_p50_ms", "nothing_p99_ms"] },
  { title: "dependencies p50, p99, ms", columns: ["dependencies_p50_ms", "dependencies_p99_ms"] },
];

const height = Math.ceil(PANELS.length / COLUMNS) * (HEIGHT + GAP) + 24;
const width = COLUMNS * (WIDTH + GAP) + 10;
const parts = PANELS.map((panel, i) => {
  const x = 40 + (i % COLUMNS) * (WIDTH + GAP);
  const y = 34 + Math.floor(i / COLUMNS) * (HEIGHT + GAP);
  return `<g transform="translate(${x} ${y})">${draw(panel)}</g>`;
});
writeFileSync(
  svg,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11">
<title>Cost by number of stored spans</title>
${parts.join("\n")}
</svg>
`,
);

function draw({ title, columns }: Panel): string {
  const spans = numbers("spans");
  const lines = columns.map(numbers);
  const right = Math.max(...spans);
  const top = niceTop(Math.max(...lines.flat()));
  const x = (value: number) => ((value / right) * WIDTH).toFixed(1);
  const y = (value: number) => (HEIGHT - (value / top) * HEIGHT).toFixed(1);
  const paths = lines.map((values, i) => {
    const points = values.map((value, at) => `${x(spans[at] as number)},${y(value)}`).join(" ");
    return `<polyline points="${points}" fill="none" stroke="${LINES[i]}" stroke-width="2"/>`;
  });
  return [
    `<text x="0" y="-10" fill="${INK}" font-weight="600">${title}</text>`,
    `<path d="M0 0V${HEIGHT}H${WIDTH}" fill="none" stroke="${INK}"/>`,
    `<text x="-6" y="4" text-anchor="end" fill="${INK}">${short(top)}</text>`,
    `<text x="-6" y="${HEIGHT}" text-anchor="end" fill="${INK}">0</text>`,
    `<text x="${WIDTH}" y="${HEIGHT + 15}" text-anchor="end" fill="${INK}">${short(right)} spans</text>`,
    ...paths,
  ].join("");
}

function numbers(column: string): number[] {
  const at = head.indexOf(column);
  if (at < 0) throw new Error(`${csv} has no column ${column}; it has ${head.join(", ")}`);
  return rows.map((row) => Number(row[at]));
}

/** The next 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) as number) * power;
}

function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(1))}M`;
  return value >= 1e3 ? `${Number((value / 1e3).toFixed(1))}k` : String(Number(value.toFixed(1)));
}
