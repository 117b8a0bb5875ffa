import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.logging.Logger;

/** Answers as many requests of its own as its first argument says, and logs a line for each. */
public class Shop {
    private static final Logger LOGGER = Logger.getLogger("shop");

    public static void main(String[] args) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/orders", exchange -> {
            LOGGER.info("order taken");
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        URI orders = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/orders");
        HttpClient client = HttpClient.newHttpClient();
        for (int i = 0; i < Integer.parseInt(args[0]); i++) {
            client.send(HttpRequest.newBuilder(orders).build(), BodyHandlers.discarding());
        }
        server.stop(0);
    }
}
