// Registers through fargo, in XML or JSON, reads its app, takes itself out of service and leaves: server, format.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"syscall"
	"time"

	"github.com/hudl/fargo"
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
	server, format := os.Args[1], os.Args[2]
	app := "FARGO-" + format
	connection := fargo.NewConn(server)
	connection.UseJson = format == "JSON"
	instance := &fargo.Instance{
		InstanceId: "fargo-1", HostName: "127.0.90.1", App: app, IPAddr: "127.0.90.1", VipAddress: "fargo",
		Status: fargo.UP, Port: 8080, PortEnabled: true,
		DataCenterInfo: fargo.DataCenterInfo{Name: fargo.MyOwn},
		LeaseInfo:      fargo.LeaseInfo{RenewalIntervalInSecs: 5, DurationInSecs: 30},
	}
	instance.SetMetadataString("version", "1.4.2")
	must(connection.RegisterInstance(instance))
	must(connection.HeartBeatInstance(instance))
	stored, err := connection.GetInstance(app, "fargo-1")
	must(err)
	version, err := stored.Metadata.GetString("version")
	must(err)
	report(map[string]interface{}{"event": "registered", "version": version, "lease": stored.LeaseInfo.DurationInSecs})
	ids := []string{}
	for len(ids) < 2 {
		time.Sleep(100 * time.Millisecond)
		found, err := connection.GetApp(app)
		must(err)
		ids = nil
		for _, one := range found.Instances {
			ids = append(ids, one.InstanceId)
		}
	}
	sort.Strings(ids)
	vips, err := connection.GetInstancesByVIPAddress("fargo", false)
	must(err)
	report(map[string]interface{}{"event": "seen", "ids": ids, "vips": len(vips)})
	must(connection.UpdateInstanceStatus(instance, fargo.OUTOFSERVICE))
	stored, err = connection.GetInstance(app, "fargo-1")
	must(err)
	report(map[string]interface{}{"event": "out", "status": stored.Status})
	leave := make(chan os.Signal, 1)
	signal.Notify(leave, syscall.SIGTERM)
	<-leave
	must(connection.DeregisterInstance(instance))
}
