import { createTracing } from "spanloom";
import { createApp } from "./app.js";

const tracing = createTracing({ service: "shop" });
const server = createApp(tracing).listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`http://localhost:${server.address().port}/orders`);
});
process.once("SIGTERM", () => {
  server.close(() => tracing.shutdown());
});
