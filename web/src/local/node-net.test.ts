import * as net from "node:net";
import { describe, expect, it } from "vitest";
import { isIPv4, isIPv6 } from "./node-net.ts";

describe("addresses in a browser", () => {
  it.each([
    ...[
      "127.0.0.1",
      "255.255.255.255",
      "256.0.0.1",
      "1.2.3",
      "1.2.3.4.",
      "1.2.3.4.5",
      "a.b.c.d",
      "",
      "1..2.3",
      "01.2.3.4",
    ],
    ...[
      "::",
      "::1",
      "fe80::1%eth0",
      "1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7",
      "::ffff:1.2.3.4",
      "1::2::3",
      "g::",
      "12345::",
      "[::1]",
    ],
  ])("%j is what it is for Node", (text) => {
    expect([isIPv4(text), isIPv6(text)]).toEqual([net.isIPv4(text), net.isIPv6(text)]);
  });
});
