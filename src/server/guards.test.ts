import { describe, expect, it } from "vitest";
import { PermanentError, RetryableError } from "../component/errors.ts";
import { Cors, corsConfig } from "./cors.ts";
import { formatEndpoint, isLoopback, parseEndpoint } from "./endpoint.ts";
import { retryAfterSeconds } from "./error-status.ts";
import { isAllowedHost } from "./host-check.ts";
import { InFlightBudget } from "./limits/in-flight.ts";
import { listenError } from "./listen-error.ts";
import { loadTls } from "./tls.ts";

describe("InFlightBudget", () => {
  it("refuses what does not fit and takes it again once released", () => {
    const budget = new InFlightBudget(100);
    const first = budget.take(60, "a");
    expect(() => budget.take(41, "a")).toThrow(RetryableError);
    const second = budget.take(40, "a");
    expect(() => budget.assertRoom("a")).toThrow("hold 100 bytes of at most 100");
    expect(() => first.grow(1)).toThrow(RetryableError);
    first.release();
    first.release();
    expect(budget.usedBytes).toBe(40);
    second.grow(60);
    expect(second.bytes).toBe(100);
    second.release();
    expect(budget.usedBytes).toBe(0);
  });

  it("lets one request alone pass the limit, since its own limit bounds it", () => {
    const budget = new InFlightBudget(100);
    const only = budget.take(0, "a");
    only.grow(90);
    only.grow(90);
    expect(budget.usedBytes).toBe(180);
    expect(() => budget.take(1, "a")).toThrow(RetryableError);
    only.release();
    expect(budget.usedBytes).toBe(0);
  });

  it("gives a sender no more than half while others send, or were refused a moment ago", () => {
    let now = 0;
    const budget = new InFlightBudget(100, () => now);
    const flood = [budget.take(50, "flood"), budget.take(50, "flood")];
    expect(() => budget.take(10, "honest")).toThrow("requests in flight hold 100 bytes of at most 100");
    flood[1]?.release();
    expect(() => budget.assertRoom("flood")).toThrow("requests of flood hold 50 bytes of at most 50");
    expect(() => budget.take(10, "flood")).toThrow("of at most 50");
    const honest = [budget.take(30, "honest"), budget.take(20, "honest")];
    honest[0]?.release();
    expect(() => flood[0]?.grow(1)).not.toThrow();
    for (const one of [...flood, ...honest]) one.release();
    now += 9_999;
    budget.take(40, "flood");
    expect(() => budget.take(20, "flood")).toThrow(RetryableError);
    now += 1;
    budget.take(60, "flood");
    expect(budget.usedBytes).toBe(100);
  });

  it("asks the refused to wait", () => {
    const budget = new InFlightBudget(1);
    budget.take(1, "a");
    expect(() => budget.take(1, "a")).toThrow(expect.objectContaining({ code: "overloaded", retryAfterMs: 1_000 }));
  });
});

describe("isAllowedHost", () => {
  it.each([
    "localhost",
    "LOCALHOST:4318",
    "app.localhost",
    "127.0.0.1:80",
    "[::1]:4318",
    "10.1.2.3",
    "host.docker.internal:4318",
    "gateway.docker.internal",
    "Host.Containers.Internal",
    "Traces.Example.:1",
  ])("answers for %s", (host) => expect(isAllowedHost(host, ["traces.example"])).toBe(true));

  it.each([
    "evil.example",
    "evil.docker.internal",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "",
    ":80",
    "a b",
    "[::1",
    "x:y:z",
  ])("does not answer for %j", (host) => expect(isAllowedHost(host, ["traces.example"])).toBe(false));

  it("lets a request without Host pass: no browser sends one", () => {
    expect(isAllowedHost(undefined, [])).toBe(true);
  });
});

describe("endpoints", () => {
  it.each([
    ["127.0.0.1:4318", "127.0.0.1", 4318, "127.0.0.1:4318"],
    ["localhost:0", "localhost", 0, "localhost:0"],
    ["[::1]:4317", "::1", 4317, "[::1]:4317"],
    [":4317", "0.0.0.0", 4317, "0.0.0.0:4317"],
  ])("%s", (text, host, port, formatted) => {
    const endpoint = parseEndpoint(text);
    expect(endpoint).toEqual({ host, port });
    expect(endpoint && formatEndpoint(endpoint)).toBe(formatted);
  });

  it("know which addresses only this machine reaches", () => {
    expect(["127.0.0.1", "127.9.9.9", "::1", "localhost"].every(isLoopback)).toBe(true);
    expect(["0.0.0.0", "::", "10.0.0.1", "127.evil.example", "example.com"].some(isLoopback)).toBe(false);
  });
});

describe("Cors", () => {
  it("does not take a dot of a pattern for any character", () => {
    const cors = new Cors(corsConfig.parse({ allowed_origins: ["https://app.example"] }), true);
    expect(cors.check("POST", { origin: "https://appxexample" }).type).toBe("refused");
    expect(cors.check("POST", { origin: "https://APP.example" }).type).toBe("allowed");
    expect(cors.check("POST", { origin: "null" }).type).toBe("refused");
  });

  it("allows every origin and header for *", () => {
    const cors = new Cors(corsConfig.parse({ allowed_origins: ["*"], allowed_headers: ["*"] }), false);
    const asked = {
      origin: "https://x.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "a, b",
    };
    expect(cors.check("OPTIONS", asked)).toMatchObject({
      type: "preflight",
      headers: { "access-control-allow-origin": "https://x.example", "access-control-allow-headers": "a, b" },
    });
  });

  it.each(["http://localhost:5173", "https://app.localhost", "http://127.0.0.1:3000", "http://[::1]:8080"])(
    "takes %s where only this machine reaches the listener and no origins are set",
    (origin) => {
      expect(new Cors(corsConfig.parse({}), true).check("POST", { origin }).type).toBe("allowed");
      expect(new Cors(corsConfig.parse({}), false).check("POST", { origin }).type).toBe("refused");
      expect(new Cors(corsConfig.parse({ allowed_origins: [] }), true).check("POST", { origin }).type).toBe("refused");
    },
  );

  it.each(["https://localhost.example", "http://127.0.0.1.example", "http://notlocalhost:1", "null", "file://"])(
    "does not take %s for this machine",
    (origin) => expect(new Cors(corsConfig.parse({}), true).check("POST", { origin }).type).toBe("refused"),
  );

  it("lets a page of the listener itself pass", () => {
    const cors = new Cors(corsConfig.parse({}), false);
    expect(cors.check("POST", { origin: "http://localhost:4318", host: "localhost:4318" }).type).toBe("same_origin");
    expect(cors.check("POST", { origin: "http://localhost:4319", host: "localhost:4318" }).type).toBe("refused");
  });
});

describe("what a person is told", () => {
  const name = { title: "T", configKey: "a.b.endpoint", usualOccupant: "another T" };
  it.each([
    ["EACCES", 80, "may not open port 80"],
    ["EADDRINUSE", 4318, "most likely by another T"],
    ["ENOTFOUND", 1, "host name h cannot be resolved"],
    ["EOTHER", 1, "spoiled"],
  ])("about %s", (code, port, text) => {
    const error = listenError(Object.assign(new Error("spoiled"), { code }), { host: "h", port }, name);
    expect(error.code).toBe("listen_failed");
    expect(error.message).toContain(text);
    expect(error.message).toContain(`cannot listen on h:${port}`);
    expect(error.message).toContain("Set a.b.endpoint to another");
  });

  it("about a certificate that cannot be read", () => {
    const config = { cert_file: "/nowhere/cert.pem", key_file: "/nowhere/key.pem", min_version: "1.2" } as const;
    expect(() => loadTls(config, "a.tls")).toThrow(PermanentError);
    expect(() => loadTls(config, "a.tls")).toThrow(/^a\.tls\.cert_file: cannot read \/nowhere\/cert\.pem/);
  });

  it("about waiting: whole seconds, at least one", () => {
    expect([0, 1, 1_000, 1_001].map(retryAfterSeconds)).toEqual([1, 1, 1, 2]);
  });
});
