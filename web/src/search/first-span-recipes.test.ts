import { describe, expect, it } from "vitest";
import { firstSpanRecipes } from "./first-span-recipes.ts";

describe("first span", () => {
  const recipes = firstSpanRecipes({ grpc: "http://10.0.0.7:14317", http: "http://10.0.0.7:14318" }, 1_700_000_000_000);

  it("sends a valid OTLP JSON span to the real endpoint", () => {
    const curl = recipes.find((recipe) => recipe.id === "curl")!.text;
    expect(curl).toContain("curl -i http://10.0.0.7:14318/v1/traces");
    const span = JSON.parse(/-d '(.*)'$/s.exec(curl)![1]!).resourceSpans[0].scopeSpans[0].spans[0];
    expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(span.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)).toBe(120_000_000n);
  });

  it("gives SDKs the endpoint in their own variables", () => {
    for (const id of ["env", "node", "python"]) {
      expect(recipes.find((recipe) => recipe.id === id)!.text).toContain(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://10.0.0.7:14318\n",
      );
    }
  });

  it("sends the demo to the same endpoint", () => {
    expect(recipes.find((recipe) => recipe.id === "demo")!.text).toBe(
      "spanloom send --demo --endpoint http://10.0.0.7:14318",
    );
  });
});
