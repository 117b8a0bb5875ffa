import { describe, expect, it } from "vitest";
import { Metrics, renderPrometheus } from "./metrics.ts";

describe("Metrics", () => {
  it("gives one series for one name and labels, whatever their order", () => {
    const metrics = new Metrics();
    metrics.counter("spanloom_x_total", "x", { a: "1", b: "2" }).add(1);
    metrics.counter("spanloom_x_total", "x", { b: "2", a: "1" }).add(2);
    expect(metrics.snapshot()).toMatchObject([{ name: "spanloom_x_total", value: 3 }]);
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
