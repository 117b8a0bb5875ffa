import { describe, expect, it } from "vitest";
import { crossOriginReason, crossSiteReason } from "./same-origin.ts";

const HOST = "localhost:16686";

describe("crossOriginReason", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "SOMETHING"])("refuses %s from foreign pages", (method) => {
    expect(crossOriginReason(method, { host: HOST, "sec-fetch-site": "cross-site" })).toContain("cross-site");
    expect(crossOriginReason(method, { host: HOST, "sec-fetch-site": "same-site" })).toContain("same-site");
    expect(crossOriginReason(method, { host: HOST, origin: "https://a.example" })).toContain("https://a.example");
    expect(crossOriginReason(method, { host: HOST, origin: "http://localhost:3000" })).toContain("localhost:3000");
    expect(crossOriginReason(method, { host: HOST, origin: "null" })).toContain("null");
  });

  it("believes the browser before Origin, which a proxy that rewrites Host makes look foreign", () => {
    const headers = { host: "backend:16686", origin: "https://traces.example" };
    expect(crossOriginReason("POST", { ...headers, "sec-fetch-site": "same-origin" })).toBeUndefined();
    const lying = { host: HOST, origin: `http://${HOST}`, "sec-fetch-site": "cross-site" };
    expect(crossOriginReason("POST", lying)).toBeDefined();
  });

  it("lets the UI's own pages, people and programs through", () => {
    expect(crossOriginReason("POST", { host: HOST, origin: `http://${HOST}` })).toBeUndefined();
    expect(crossOriginReason("DELETE", { host: HOST, origin: `https://${HOST}` })).toBeUndefined();
    expect(crossOriginReason("POST", { host: HOST, "sec-fetch-site": "none" })).toBeUndefined();
    expect(crossOriginReason("PUT", { host: HOST })).toBeUndefined();
    expect(crossOriginReason("PUT", {})).toBeUndefined();
  });

  it.each(["GET", "HEAD", "OPTIONS"])("leaves %s alone", (method) =>
    expect(crossOriginReason(method, { host: HOST, "sec-fetch-site": "cross-site" })).toBeUndefined(),
  );
});

describe("crossSiteReason", () => {
  it("refuses pages of foreign sites, and nobody else", () => {
    expect(crossSiteReason({ "sec-fetch-site": "cross-site" })).toBeDefined();
    for (const site of ["same-origin", "same-site", "none"]) {
      expect(crossSiteReason({ "sec-fetch-site": site })).toBeUndefined();
    }
    expect(crossSiteReason({ host: HOST })).toBeUndefined();
  });
});
