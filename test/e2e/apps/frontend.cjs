// An express app that asks the worker, is asked back by it, and fails on demand.
const express = require("express");
const http = require("node:http");
const { trace, SpanStatusCode } = require("@opentelemetry/api");

const app = express();
const get = (url) =>
  new Promise((resolve, reject) => {
    http
      .get(url, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode, text }));
      })
      .on("error", reject);
  });

app.get("/order/:id", async (request, response) => {
  const span = trace.getTracer("shop", "2.1.0").startSpan("reserve stock", {
    attributes: {
      "order.id": request.params.id,
      "order.lines": 3,
      "order.total": 12.5,
      "order.gift": true,
      tags: ["a", "b"],
    },
  });
  span.addEvent("stock.reserved", { warehouse: "north", quantity: 3 });
  span.end();
  const answer = await get(`${process.env.WORKER_URL}/work?order=${request.params.id}&back=${app.locals.url}`);
  response.status(answer.status).send(answer.text);
});
app.get("/price/:sku", (request, response) => response.json({ sku: request.params.sku, price: 4 }));
app.get("/boom", (_request, response) => {
  const span = trace.getActiveSpan();
  const error = new Error("the till is on fire ✗");
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  response.status(500).send("boom");
});

const server = app.listen(0, "127.0.0.1", () => {
  app.locals.url = `http://127.0.0.1:${server.address().port}`;
  process.send({ url: app.locals.url });
});
