const express = require("express");
const { createDatabase } = require("./database.js");
const { listOrders } = require("./orders.js");

const database = createDatabase();
const app = express();
app.get("/orders", async (_request, response) => {
  response.json(await listOrders(database));
});

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
