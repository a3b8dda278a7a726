// Registers through nacos-sdk-go v2, which speaks gRPC, and says when it is pushed two instances: host, port, user, secret.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"strconv"
	"syscall"

	"github.com/nacos-group/nacos-sdk-go/v2/clients"
	"github.com/nacos-group/nacos-sdk-go/v2/common/constant"
	"github.com/nacos-group/nacos-sdk-go/v2/model"
	"github.com/nacos-group/nacos-sdk-go/v2/vo"
)

func report(line map[string]interface{}) {
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	port, err := strconv.ParseUint(os.Args[2], 10, 64)
	must(err)
	folder, err := os.MkdirTemp("", "nacos")
	must(err)
	defer os.RemoveAll(folder)
	config := constant.ClientConfig{
		NamespaceId: "public", NotLoadCacheAtStart: true, LogDir: folder, CacheDir: folder, LogLevel: "error", TimeoutMs: 5000,
	}
	if len(os.Args) > 4 {
		config.Username, config.Password = os.Args[3], os.Args[4]
	}
	client, err := clients.NewNamingClient(vo.NacosClientParam{
		ClientConfig:  &config,
		ServerConfigs: []constant.ServerConfig{{IpAddr: os.Args[1], Port: port}},
	})
	must(err)
	_, err = client.RegisterInstance(vo.RegisterInstanceParam{
		Ip: "127.0.83.1", Port: 8080, Weight: 2, Enable: true, Healthy: true, Ephemeral: true,
		ServiceName: "go-web", Metadata: map[string]string{"version": "1.4.2"},
	})
	must(err)
	must(client.Subscribe(&vo.SubscribeParam{ServiceName: "go-web", SubscribeCallback: func(found []model.Instance, err error) {
		ips := []string{}
		for _, one := range found {
			ips = append(ips, one.Ip)
		}
		sort.Strings(ips)
		event := "pushed"
		if len(ips) == 2 {
			event = "seen"
		}
		report(map[string]interface{}{"event": event, "ips": ips})
	}}))
	report(map[string]interface{}{"event": "registered"})
	leave := make(chan os.Signal, 1)
	signal.Notify(leave, syscall.SIGTERM)
	<-leave
	_, err = client.DeregisterInstance(vo.DeregisterInstanceParam{Ip: "127.0.83.1", Port: 8080, ServiceName: "go-web", Ephemeral: true})
	must(err)
	client.CloseClient()
}
