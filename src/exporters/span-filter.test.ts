import { expect, it } from "vitest";
import { parseConfig } from "../app/config/config.ts";
import { parseSpanFilter } from "./span-filter.ts";

it("is what the query says of one span", () => {
  expect(parseSpanFilter('{ resource.service.name = "shop" && status = error }')).toMatchObject({ op: "and" });
  expect(parseSpanFilter("{ }")).toEqual({ op: "all" });
  expect(parseSpanFilter("{ .a = 1 } | select(.b)")).toMatchObject({ op: "or" });
});

const alternating = Array.from({ length: 80 }, (_, i) => `span.a = ${i} ${i % 2 === 0 ? "&&" : "||"}`).join(" ");

it.each([
  ["", /a query such as \{ status = error \}/],
  ["{ status = eror }", /line 1, column 12.*did you mean "error"/],
  ['{ span.a =~ "(" }', /line 1, column 13/],
  ["{ } | rate()", /found rate\(\), expected a filter of spans/],
  ["{ } > { status = error }", /what one span says by itself/],
  ["{ } | count() > 2", /what one span says by itself/],
  ["{ parent.span.a = 1 }", /what one span says by itself/],
  ['{ rootName = "a" }', /what one span says by itself/],
  [`{ ${alternating} span.a = 80 }`, /at most 64 levels/],
])("%s is refused with the config, whatever the exporter", (filter, message) => {
  expect(() => parseSpanFilter(filter)).toThrow(message);
  for (const type of ["otlp", "otlp_http", "jaeger", "zipkin", "console"]) {
    const read = () => parseConfig({ exporters: { [`${type}/x`]: { filter } } }, { name: "test" });
    expect(read).toThrow(new RegExp(`exporters\\.${type}/x\\.filter.*${message.source}`, "s"));
  }
});
