// Registers through the Java client of Nacos (1.4 over HTTP, 2.x and 3.x over gRPC), and says when it is pushed two instances:
// server, service, ip, user, secret.

import com.alibaba.nacos.api.NacosFactory;
import com.alibaba.nacos.api.naming.NamingService;
import com.alibaba.nacos.api.naming.listener.NamingEvent;
import com.alibaba.nacos.api.naming.pojo.Instance;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;

public class NacosClient {
  static synchronized void report(String event, List<Instance> hosts) {
    String ips = hosts.stream().map(one -> "\"" + one.getIp() + "\"").sorted().collect(Collectors.joining(","));
    System.out.println("{\"event\":\"" + event + "\",\"ips\":[" + ips + "]}");
    System.out.flush();
  }

  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.put("serverAddr", args[0]);
    if (args.length > 4) {
      properties.put("username", args[3]);
      properties.put("password", args[4]);
    }
    NamingService naming = NacosFactory.createNamingService(properties);
    naming.subscribe(args[1], event -> {
      List<Instance> hosts = ((NamingEvent) event).getInstances();
      report(hosts.size() == 2 ? "seen" : "pushed", hosts);
    });
    Instance instance = new Instance();
    instance.setIp(args[2]);
    instance.setPort(8080);
    instance.setWeight(2);
    instance.setMetadata(Map.of("version", "1.4.2"));
    naming.registerInstance(args[1], instance);
    report("registered", List.of());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        naming.deregisterInstance(args[1], instance);
        naming.shutDown();
      } catch (Exception fault) {
        fault.printStackTrace();
      }
    }));
    Thread.currentThread().join();
  }
}
