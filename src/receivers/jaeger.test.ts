import { afterEach, expect, it } from "vitest";
import { type PostRig, startPostReceiver } from "../../test/support/receiver-rig.ts";
import { PermanentError } from "../component/errors.ts";
import { jaegerReceiver } from "./jaeger.ts";

let rig: PostRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function post(path: string, type?: string): Promise<[number, string]> {
  rig ??= await startPostReceiver(jaegerReceiver);
  const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
  const response = await fetch(`${rig.http}${path}`, { method: "POST", body: new Uint8Array(4), headers });
  return [response.status, await response.text()];
}

it.each([
  ["application/x-thrift", "jaeger_thrift"],
  ["application/vnd.apache.thrift.binary; charset=utf-8", "jaeger_thrift"],
  ["Application/vnd.apache.thrift.compact", "jaeger_thrift_compact"],
])("takes %s as %s, with 202 and nothing", async (type, format) => {
  expect(await post("/api/traces", type)).toEqual([202, ""]);
  expect(await post("/api/traces?format=jaeger.thrift", type)).toEqual([202, ""]);
  expect(rig?.sink.batches.map((batch) => [batch.format, batch.source])).toEqual([
    [format, "jaeger_http"],
    [format, "jaeger_http"],
  ]);
});

it.each([
  ["/api/traces", "text/plain", /^Unsupported content type: "text\/plain"; expected one of application\/x-thrift, /],
  ["/api/traces", "constructor", /^Unsupported content type: "constructor"/],
  ["/api/traces", undefined, /^Unsupported content type: ""/],
  [
    "/api/traces?format=zipkin.thrift",
    "application/x-thrift",
    /^Unsupported format type: "zipkin.thrift"; expected ja/,
  ],
])("answers %s as %s with 400, as Jaeger does", async (path, type, message) => {
  const [status, text] = await post(path, type);
  expect([status, text]).toEqual([400, expect.stringMatching(message)]);
  expect(rig?.sink.batches).toEqual([]);
});

it("answers a body that cannot be read with Jaeger's words", async () => {
  rig = await startPostReceiver(jaegerReceiver);
  rig.sink.answer = () => Promise.reject(new PermanentError("malformed", "not readable"));
  expect(await post("/api/traces", "application/x-thrift")).toEqual([
    400,
    "Unable to process request body: not readable\n",
  ]);
});
