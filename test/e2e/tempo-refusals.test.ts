import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { createLogger } from "../../src/app/json-logger.ts";
import { replayAll } from "../support/recordings.ts";

let collector: Collector;
beforeAll(async () => {
  collector = await createCollector();
  await replayAll(collector.endpoints.otlpHttp as string, ["python-shop"]);
});
afterAll(() => collector?.shutdown());

async function ask(path: string): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
  const response = await fetch(`${collector.endpoints.tempo}${path}`);
  return { status: response.status, type: response.headers.get("content-type") ?? "", text: await response.text() };
}

const SEARCH = "/api/search";
const TAGS = "/api/v2/search/tags";
const VALUES = "/api/v2/search/tag/name/values";
const RANGE = "/api/metrics/query_range";
const INSTANT = "/api/metrics/query";
const TRACE = "/api/traces/1";
const RATE = `q=${encodeURIComponent("{ } | rate()")}`;

/** Statuses and texts of Tempo's own parsing (its pkg/api); with Go's texts of what is no number. */
const REFUSED: readonly (readonly [path: string, query: string, text: string])[] = [
  [SEARCH, "start=a&end=5", 'invalid start: strconv.ParseInt: parsing "a": invalid syntax'],
  [SEARCH, "start=1.5&end=5", 'invalid start: strconv.ParseInt: parsing "1.5": invalid syntax'],
  [SEARCH, "start=1&end=99999999999", 'invalid end: strconv.ParseInt: parsing "99999999999": value out of range'],
  [SEARCH, `start=1&end=${"9".repeat(400)}`, "invalid end: strconv.ParseInt"],
  [SEARCH, "start=-1&end=5", "invalid start: "],
  [SEARCH, "start=20&end=10", "http parameter start must be before end. received start=20 end=10"],
  [SEARCH, "start=20", "http parameter start must be before end. received start=20 end=0"],
  [SEARCH, "limit=0", "invalid limit: must be a positive number"],
  [SEARCH, "limit=-5", "invalid limit: must be a positive number"],
  [SEARCH, "limit=ten", 'invalid limit: strconv.Atoi: parsing "ten": invalid syntax'],
  [SEARCH, "limit=99999999999999999999", "invalid limit: strconv.Atoi"],
  [SEARCH, "limit=ten&limit=5", 'invalid limit: strconv.Atoi: parsing "ten": invalid syntax'],
  [SEARCH, "spss=0", "invalid spss: must be a positive number"],
  [SEARCH, "spss=four", 'invalid spss: strconv.Atoi: parsing "four": invalid syntax'],
  [SEARCH, "minDuration=5", 'invalid minDuration: time: missing unit in duration "5"'],
  [SEARCH, "minDuration=-5s", 'invalid minDuration: time: invalid duration "-5s"'],
  [SEARCH, "maxDuration=soon", 'invalid maxDuration: time: invalid duration "soon"'],
  [SEARCH, "minDuration=2s&maxDuration=1s", "invalid maxDuration: must be greater than minDuration"],
  [SEARCH, "q={}&tags=a%3Db", "invalid request: can't specify tags and q in the same query"],
  [SEARCH, "q=%7B+status+%3D+bad+%7D", "invalid TraceQL query: line 1, column 12: found"],
  [SEARCH, RATE, "invalid TraceQL query: rate() makes metrics, which /api/metrics/query_range answers"],
  [SEARCH, `q=${"%7B".repeat(900)}`, "invalid TraceQL query: "],
  [SEARCH, "tags=a%3Db+a%3Dc", "invalid tags: tag a has been set twice"],
  [SEARCH, "tags=%3Db", "invalid tags: unexpected '=' at pos 1"],
  [SEARCH, "tags=a%3D%22b", "invalid tags: unterminated quoted value at pos 3"],
  [SEARCH, "tags=a%3Db%22c", "invalid tags: unexpected '\"' at pos 4"],
  [SEARCH, `tags=a%3D${"b".repeat(600)}`, "invalid tags: the value of a is too long"],
  [TAGS, "scope=spam", "invalid scope: spam"],
  [TAGS, "start=a", 'invalid start: strconv.ParseInt: parsing "a": invalid syntax'],
  [TAGS, "limit=a", 'invalid limit: strconv.Atoi: parsing "a": invalid syntax'],
  [TAGS, "maxStaleValues=a", 'invalid maxStaleValues: strconv.Atoi: parsing "a": invalid syntax'],
  [VALUES, "start=2&end=1", "http parameter start must be before end. received start=2 end=1"],
  ["/api/v2/search/tag/nobody/values", "", "please provide a valid tagName: expected"],
  ["/api/v2/search/tag/.a,.b/values", "", "please provide a valid tagName: expected"],
  ["/api/v2/search/tag/.a)%20%7C%20count()%20%3E%201/values", "", "please provide a valid tagName: expected"],
  [RANGE, "", "invalid TraceQL query: line 1, column 1"],
  [RANGE, "q={}", "invalid TraceQL query: expected a query of metrics"],
  [RANGE, "q={}+%7C+compare({status=error})", "invalid TraceQL query: line 1"],
  [RANGE, `${RATE}&start=soon`, "could not parse 'start' parameter: got \"soon\""],
  [RANGE, `${RATE}&end=99999999999999999999`, "could not parse 'end' parameter"],
  [RANGE, `${RATE}&since=always`, "could not parse 'since' parameter: not a valid duration string: \"always\""],
  [RANGE, `${RATE}&start=10&end=5`, "end must be greater than start"],
  [RANGE, `${RATE}&start=0&end=5`, "start required"],
  [RANGE, `${RATE}&step=0`, "step required"],
  [RANGE, `${RATE}&step=-5`, "step required"],
  [RANGE, `${RATE}&step=soon`, 'cannot parse "soon" to a valid duration'],
  [RANGE, `${RATE}&step=1e300`, 'cannot parse "1e300" to a valid duration. It overflows int64'],
  [RANGE, `${RATE}&since=90d&step=1s`, "11000"],
  [INSTANT, `${RATE}&start=1&end=4000000000`, "time range"],
  [INSTANT, `${RATE}&start=2&start=9&end=1`, "end must be greater than start"],
  [TRACE, "start=a", 'invalid start: strconv.ParseInt: parsing "a": invalid syntax'],
  [TRACE, "start=2&end=1", "http parameter start must be before end. received start=2 end=1"],
  [TRACE, "mode=all-of-it", "invalid value for mode all-of-it"],
  ["/api/v2/traces/xyz", "", "trace IDs can only contain hex characters: invalid character 'x' at position 1"],
  ["/api/traces/12%C3%BC", "", "trace IDs can only contain hex characters: invalid character 'ü' at position 3"],
  [`/api/traces/${"1".repeat(33)}`, "", "trace IDs can't be larger than 128 bits"],
];

describe("what Tempo's API refuses", () => {
  it.each(REFUSED.map(([path, query, text]) => [path, text, query] as const))("%s: %s", async (path, text, query) => {
    const answer = await ask(`${path}?${query}`);
    expect(answer).toMatchObject({ status: 400, type: "text/plain; charset=utf-8" });
    expect(answer.text).toContain(text);
    expect(answer.text.length).toBeLessThan(500);
  });

  it("what is empty is absent, and of what is repeated the first counts", async () => {
    for (const query of ["limit=&spss=&start=&end=&q=&tags=&minDuration=", "limit=1&limit=ten", "start=0&end=0"]) {
      expect(await ask(`${SEARCH}?${query}`)).toMatchObject({ status: 200 });
    }
    expect((await ask(`${VALUES}?end=&limit=&q=`)).status).toBe(200);
    expect((await ask(`${TAGS}?maxStaleValues=0`)).status).toBe(200);
    expect((await ask(`${INSTANT}?${RATE}&start=&end=&since=&step=soon`)).status).toBe(200);
  });

  it("is never a fault of the collector's, whatever a parameter holds", async () => {
    const odd = [
      "%",
      "%00",
      "%FF",
      "-0",
      "1e9",
      "NaN",
      "+5",
      "0x10",
      "%F0%9F%A6%8A",
      "[]",
      "{",
      "1".repeat(5_000),
      "'\"`",
    ];
    const paths = [SEARCH, TAGS, VALUES, "/api/search/tags", RANGE, INSTANT, TRACE, "/api/v2/traces/1"];
    const names = [
      "q",
      "query",
      "tags",
      "limit",
      "spss",
      "start",
      "end",
      "since",
      "step",
      "scope",
      "minDuration",
      "mode",
    ];
    for (const path of paths) {
      for (const name of names) {
        const statuses = await Promise.all(odd.map(async (value) => (await ask(`${path}?${name}=${value}`)).status));
        for (const [index, status] of statuses.entries())
          expect(status, `${path} ${name}=${odd[index]}`).toBeLessThan(500);
      }
    }
    for (const value of odd) {
      for (const path of [
        `/api/traces/${value}`,
        `/api/v2/search/tag/${value}/values`,
        `/api/search/tag/${value}/values`,
      ]) {
        expect((await ask(path)).status, path).toBeLessThan(500);
      }
    }
  });

  it("has other paths, names and sites", async () => {
    expect(await ask("/api/overrides")).toMatchObject({ status: 404, text: "404 page not found" });
    const { hostname, port } = new URL(collector.endpoints.tempo as string);
    const status = (headers: Record<string, string>) =>
      new Promise<number>((done, fail) => {
        const sent = request({ hostname, port, path: "/api/echo", headers }, (response) => {
          response.resume();
          done(response.statusCode as number);
        });
        sent.on("error", fail).end();
      });
    expect(await status({ host: "elsewhere.example" })).toBe(421);
    expect(await status({ "sec-fetch-site": "cross-site" })).toBe(403);
  });
});

describe("Tempo's port", () => {
  it("costs a warning where it is taken, and null turns it off", async () => {
    const tempo_endpoint = new URL(collector.endpoints.tempo as string).host;
    const lines: string[] = [];
    const logger = createLogger({ level: "warn", format: "text", write: (line) => lines.push(line), now: Date.now });
    const second = await createCollector({ ui: { tempo_endpoint } }, { logger });
    expect(second.endpoints.tempo).toBeUndefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("the collector runs without Tempo's API");
    expect((await fetch(`${second.endpoints.ui}api/services`)).status).toBe(200);
    await second.shutdown();
    const off = await createCollector({ ui: { tempo_endpoint: null } });
    expect(off.endpoints.tempo).toBeUndefined();
    await off.shutdown();
  });

  it("is closed with the collector", async () => {
    const one = await createCollector();
    const url = one.endpoints.tempo as string;
    expect(await (await fetch(`${url}/ready`)).text()).toBe("ready\n");
    await one.shutdown();
    await expect(fetch(`${url}/ready`)).rejects.toThrow();
  });
});
