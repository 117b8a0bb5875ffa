// A plain http server that asks the app for a price while it works.
const http = require("node:http");

const server = http.createServer((request, response) => {
  const url = new URL(request.url, "http://worker");
  const back = url.searchParams.get("back");
  http.get(`${back}/price/sku-${url.searchParams.get("order")}`, (answer) => {
    answer.resume();
    answer.on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ done: true }));
    });
  });
});
server.listen(0, "127.0.0.1", () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));
