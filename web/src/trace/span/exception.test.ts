import { describe, expect, it } from "vitest";
import { parseStack, readException, stackParts } from "./exception.ts";

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

describe("the parts of a stack", () => {
  const parts = (text: string) => stackParts(parseStack(text)).map(({ library, frames }) => [library, frames]);

  it("are runs of calls in libraries, and all else", () => {
    expect(
      parts(
        [
          "com.shop.Bad: no",
          "\tat com.shop.Cart.add(Cart.java:9)",
          "\tat io.netty.channel.Pipeline.read(Pipeline.java:1)",
          "\tat io.opentelemetry.javaagent.Handler.read(Handler.java:1)",
          "\tat app//org.apache.kafka.Poll.run(Poll.java:1)",
          "\tat io.shop.own.Main.run(Main.java:1)",
          "\tat com.javabooks.Shop.run(Shop.java:1)",
          "\t... 12 more",
        ].join("\n"),
      ),
    ).toEqual([
      [false, 1],
      [true, 3],
      [false, 2],
      [true, 1],
    ]);
  });

  it("keep a line of source with its call", () => {
    const python = [
      "Traceback (most recent call last):",
      '  File "/srv/venv/lib/python3.12/site-packages/flask/app.py", line 9, in dispatch',
      "    return self.view(**args)",
      '  File "/srv/app/shop.py", line 3, in pay',
      "    charge()",
      "ValueError: x",
    ].join("\n");
    expect(parts(python)).toEqual([
      [false, 0],
      [true, 1],
      [false, 1],
    ]);
  });

  it("are those of Go and .NET too", () => {
    expect(
      parts(
        "goroutine 1 [running]:\nnet/http.(*conn).serve(0x1)\n\t/usr/local/go/src/net/http/server.go:9\nmain.pay()\n\t/srv/app/pay.go:3",
      ),
    ).toEqual([
      [false, 1],
      [true, 2],
      [false, 2],
    ]);
    expect(parts("   at Shop.Pay.Charge() in /srv/Pay.cs:line 3\n   at System.Threading.Tasks.Task.Run()")).toEqual([
      [false, 1],
      [true, 1],
    ]);
  });
});
