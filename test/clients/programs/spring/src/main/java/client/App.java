// Registers through Spring Cloud, says when it sees its service with two instances, and when Spring's load balancer has chosen
// both. Settings come as arguments.

package client;

import java.util.List;
import java.util.TreeSet;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClient;
import org.springframework.context.ConfigurableApplicationContext;

@SpringBootApplication
public class App {
  public static void main(String[] args) throws InterruptedException {
    ConfigurableApplicationContext context = SpringApplication.run(App.class, args);
    DiscoveryClient discovery = context.getBean(DiscoveryClient.class);
    LoadBalancerClient balancer = context.getBean(LoadBalancerClient.class);
    String own = context.getEnvironment().getProperty("spring.application.name");
    System.out.println("{\"event\":\"registered\"}");
    List<String> ids = List.of();
    while (ids.size() < 2) {
      Thread.sleep(100);
      ids = discovery.getInstances(own).stream().map(one -> "\"" + one.getInstanceId() + "\"").sorted().toList();
    }
    System.out.println("{\"event\":\"seen\",\"ids\":[" + String.join(",", ids) + "]}");
    TreeSet<String> chosen = new TreeSet<>();
    while (chosen.size() < 2) {
      Thread.sleep(100);
      var instance = balancer.choose(own);
      if (instance != null) chosen.add("\"" + instance.getHost() + ":" + instance.getPort() + "\"");
    }
    System.out.println("{\"event\":\"chosen\",\"at\":[" + String.join(",", chosen) + "]}");
  }
}
