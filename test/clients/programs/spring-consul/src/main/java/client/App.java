// Registers through Spring Cloud Consul with a TTL check, and says when it sees its service with two instances. Settings
// come as arguments.

package client;

import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.client.discovery.DiscoveryClient;

@SpringBootApplication
public class App {
  public static void main(String[] args) throws InterruptedException {
    DiscoveryClient discovery = SpringApplication.run(App.class, args).getBean(DiscoveryClient.class);
    System.out.println("{\"event\":\"registered\"}");
    List<String> ids = List.of();
    while (ids.size() < 2) {
      Thread.sleep(100);
      ids = discovery.getInstances("spring-web").stream().map(one -> "\"" + one.getInstanceId() + "\"").sorted().toList();
    }
    System.out.println("{\"event\":\"seen\",\"ids\":[" + String.join(",", ids) + "]}");
  }
}
