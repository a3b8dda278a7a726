// Registers through Consul's Go api with a TTL check, waits for its service to have two instances, filters, puts itself into
// maintenance and out of it, writes into the catalog, and leaves: address, secret.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"syscall"
	"time"

	"github.com/hashicorp/consul/api"
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

func idsOf(entries []*api.ServiceEntry) []string {
	ids := []string{}
	for _, entry := range entries {
		ids = append(ids, entry.Service.ID)
	}
	sort.Strings(ids)
	return ids
}

func main() {
	client, err := api.NewClient(&api.Config{Address: os.Args[1], Token: os.Args[2]})
	must(err)
	agent, health := client.Agent(), client.Health()
	must(agent.ServiceRegister(&api.AgentServiceRegistration{
		ID: "go-1", Name: "go-web", Tags: []string{"v1"}, Port: 8080, Address: "127.0.10.1",
		Meta: map[string]string{"version": "1.4.2"}, Weights: &api.AgentWeights{Passing: 20, Warning: 1},
		Check: &api.AgentServiceCheck{TTL: "10s", DeregisterCriticalServiceAfter: "1m"},
	}))
	must(agent.UpdateTTL("service:go-1", "fine", api.HealthPassing))
	go func() {
		for range time.Tick(time.Second) {
			_ = agent.UpdateTTL("service:go-1", "fine", api.HealthPassing)
		}
	}()
	self, err := agent.Self()
	must(err)
	report(map[string]interface{}{"event": "registered", "datacenter": self["Config"]["Datacenter"]})
	found, meta, err := health.Service("go-web", "", true, nil)
	must(err)
	for len(found) < 2 {
		found, meta, err = health.Service("go-web", "", true, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: 10 * time.Second})
		must(err)
	}
	filtered, _, err := health.Service("go-web", "", true, &api.QueryOptions{Filter: `Service.Meta.version == "1.4.2"`})
	must(err)
	tagged, _, err := health.ServiceMultipleTags("go-web", []string{"v1"}, true, nil)
	must(err)
	report(map[string]interface{}{"event": "seen", "ids": idsOf(found), "filtered": idsOf(filtered), "tagged": idsOf(tagged)})
	must(agent.EnableServiceMaintenance("go-1", "upgrade"))
	status, _, err := agent.AgentHealthServiceByID("go-1")
	must(err)
	report(map[string]interface{}{"event": "out", "status": status})
	must(agent.DisableServiceMaintenance("go-1"))
	_, err = client.Catalog().Register(&api.CatalogRegistration{
		Node: "db-1", Address: "127.0.10.50", Service: &api.AgentService{ID: "go-3", Service: "go-web", Port: 9},
		Check: &api.AgentCheck{CheckID: "ping", Name: "ping", Status: api.HealthPassing, ServiceID: "go-3"},
	}, nil)
	must(err)
	nodes, _, err := client.Catalog().Nodes(nil)
	must(err)
	report(map[string]interface{}{"event": "catalog", "nodes": len(nodes)})
	leave := make(chan os.Signal, 1)
	signal.Notify(leave, syscall.SIGTERM)
	<-leave
	_, err = client.Catalog().Deregister(&api.CatalogDeregistration{Node: "db-1"}, nil)
	must(err)
	must(agent.ServiceDeregister("go-1"))
}
