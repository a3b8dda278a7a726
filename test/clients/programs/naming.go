// Registers through bilibili's naming, and says each list of its app that it is given: node.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"syscall"

	"github.com/bilibili/discovery/naming"
)

func report(line map[string]interface{}) {
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func main() {
	registry := naming.New(&naming.Config{
		Nodes: []string{os.Args[1]}, Region: "sh", Zone: "sh001", Env: "dev", Host: "host-a",
	})
	leave := make(chan os.Signal, 1)
	signal.Notify(leave, syscall.SIGTERM)
	cancel, err := registry.Register(&naming.Instance{
		Region: "sh", Zone: "sh001", Env: "dev", AppID: "account.service.web", Hostname: "host-a", Version: "1.4.2",
		Addrs:    []string{"http://127.0.20.1:8000", "grpc://127.0.20.1:9000"},
		Metadata: map[string]string{"weight": "10", "color": "blue"},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	report(map[string]interface{}{"event": "registered"})
	resolver := registry.Build("account.service.web")
	changes := resolver.Watch()
	for {
		select {
		case <-changes:
			found, ok := resolver.Fetch()
			if !ok {
				continue
			}
			hosts := []string{}
			for _, zone := range found.Instances {
				for _, one := range zone {
					hosts = append(hosts, one.Hostname)
				}
			}
			sort.Strings(hosts)
			report(map[string]interface{}{"event": fmt.Sprint(hosts)})
		case <-leave:
			cancel()
			return
		}
	}
}
