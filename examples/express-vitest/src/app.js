import express from "express";
import { expressErrorMiddleware, expressMiddleware } from "spanloom";
import { createDatabase } from "./database.js";
import { listOrders } from "./orders.js";

/** `tracing` says where spans go; a test hands in one that sends to its own collector. */
export function createApp(tracing) {
  const database = createDatabase(tracing.tracer("shop.database"));
  const app = express();
  app.use(expressMiddleware(tracing));
  app.get("/orders", async (_request, response) => {
    response.json(await listOrders(database));
  });
  app.get("/orders/:id", async (request, response) => {
    const order = (await listOrders(database)).find(({ id }) => id === Number(request.params.id));
    if (order === undefined) response.status(404).json({ error: `no order ${request.params.id}` });
    else response.json(order);
  });
  app.use(expressErrorMiddleware(tracing));
  return app;
}
