import { expect, it } from "vitest";
import { formatEndpoint, parseEndpoint, reachable } from "./endpoint.ts";

it.each([
  [":4318", "127.0.0.1:4318"],
  ["0.0.0.0:4318", "127.0.0.1:4318"],
  ["[::]:4318", "[::1]:4318"],
  ["10.0.0.7:4318", "10.0.0.7:4318"],
  ["host:4318", "host:4318"],
])("a listener on %s is reached at %s", (text, expected) => {
  const endpoint = parseEndpoint(text);
  expect(endpoint && formatEndpoint(reachable(endpoint))).toBe(expected);
});
