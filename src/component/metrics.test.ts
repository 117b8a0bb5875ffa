import { describe, expect, it } from "vitest";
import { Metrics, renderPrometheus } from "./metrics.ts";

describe("Metrics", () => {
  it("gives one series for one name and labels, whatever their order", () => {
    const metrics = new Metrics();
    metrics.counter("spanloom_x_total", "x", { a: "1", b: "2" }).add(1);
    metrics.counter("spanloom_x_total", "x", { b: "2", a: "1" }).add(2);
    expect(metrics.snapshot()).toMatchObject([{ name: "spanloom_x_total", value: 3 }]);
  });

  it("counts observations in every bucket that they fit into, with their sum and number", () => {
    const metrics = new Metrics();
    const histogram = metrics.histogram("spanloom_c_seconds", "c", { x: "1" });
    for (const value of [0.001, 0.2, 60]) histogram.observe(value);
    metrics.histogram("spanloom_c_seconds", "c", { x: "1" }).observe(0.0001);
    const text = renderPrometheus(metrics.snapshot());
    expect(text.match(/^# .*$/gm)).toEqual(["# HELP spanloom_c_seconds c", "# TYPE spanloom_c_seconds histogram"]);
    expect(text).toContain('spanloom_c_seconds_bucket{x="1",le="0.001"} 2\n');
    expect(text).toContain('spanloom_c_seconds_bucket{x="1",le="0.1"} 2\n');
    expect(text).toContain('spanloom_c_seconds_bucket{x="1",le="0.25"} 3\n');
    expect(text).toContain('spanloom_c_seconds_bucket{x="1",le="10"} 3\n');
    expect(text).toContain('spanloom_c_seconds_bucket{x="1",le="+Inf"} 4\n');
    expect(text).toContain('spanloom_c_seconds_count{x="1"} 4\n');
    expect(Number(/_sum\S* (\S+)/.exec(text)?.[1])).toBeCloseTo(60.2011);
  });

  it("renders Prometheus text with escapes, one head a name", () => {
    const metrics = new Metrics();
    metrics.counter("spanloom_b_total", "two\nlines", { why: 'say "no"\\\n' }).add(2);
    metrics.counter("spanloom_b_total", "two\nlines", { why: "yes" }).add(1);
    metrics.gauge("spanloom_a", "a").set(0.5);
    expect(renderPrometheus(metrics.snapshot())).toBe(
      [
        "# HELP spanloom_a a",
        "# TYPE spanloom_a gauge",
        "spanloom_a 0.5",
        "# HELP spanloom_b_total two\\nlines",
        "# TYPE spanloom_b_total counter",
        'spanloom_b_total{why="say \\"no\\"\\\\\\n"} 2',
        'spanloom_b_total{why="yes"} 1',
        "",
      ].join("\n"),
    );
  });
});
