// The Eureka server of Spring Cloud, as its own documents start it. Settings come as arguments.

package server;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;

@SpringBootApplication
@EnableEurekaServer
public class App {
  public static void main(String[] args) {
    SpringApplication.run(App.class, args);
    System.out.println("{\"event\":\"started\"}");
  }
}
