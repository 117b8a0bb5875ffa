// A service with the official SDK: it asks a second one, and is asked for prices.
const http = require("node:http");

const server = http.createServer((request, response) => {
  if (request.url.startsWith("/price")) {
    response.end(JSON.stringify({ price: 4 }));
    return;
  }
  http
    .get(`${process.env.NEXT_URL}/relay`, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => response.writeHead(answer.statusCode).end(text));
    })
    .on("error", (error) => response.writeHead(500).end(error.message));
});
server.listen(0, "127.0.0.1", () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));
