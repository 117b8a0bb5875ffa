import { describe, expect, it } from "vitest";
import { parseStack, readException } from "./exception.ts";

const kinds = (text: string) => parseStack(text).map((line) => line.kind);

describe("exceptions", () => {
  it("tells the program's frames from a library's, in JavaScript", () => {
    expect(
      kinds(
        [
          "OrderRejected: no such SKU",
          "    at reserve (/srv/app/orders.js:41:11)",
          "    at Layer.handle (/srv/app/node_modules/router/lib/layer.js:152:17)",
          "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
          "  [cause]: Error: refused",
        ].join("\n"),
      ),
    ).toEqual(["text", "frame", "library", "library", "cause"]);
  });

  it("reads Python and Java", () => {
    expect(
      kinds(
        'Traceback (most recent call last):\n  File "/srv/app/shop.py", line 3, in pay\n    charge()\nValueError: x\n',
      ),
    ).toEqual(["text", "frame", "text", "text"]);
    expect(
      kinds(
        "com.shop.Bad: no\n\tat com.shop.Cart.add(Cart.java:9)\nCaused by: java.io.IOException\n\tat java.base/x.Y.z(Y.java:1)",
      ),
    ).toEqual(["text", "frame", "cause", "library"]);
  });

  it("takes only exception events, with whatever they lack", () => {
    const event = { timeUnixNano: "1", droppedAttributesCount: 0, attributes: [] };
    expect(readException({ ...event, name: "retry" })).toBeUndefined();
    expect(
      readException({
        ...event,
        name: "exception",
        attributes: [{ key: "exception.type", type: "string", value: "23" }],
      }),
    ).toEqual({ type: "23", message: "", stack: [] });
  });
});
