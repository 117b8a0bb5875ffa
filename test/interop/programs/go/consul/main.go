// What services do with HashiCorp's client against the registry at CONSUL_HTTP_ADDR, a line of JSON for each step.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"time"

	"github.com/hashicorp/consul/api"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func say(step string, value any) {
	text, err := json.Marshal(value)
	must(err)
	fmt.Printf("%s %s\n", step, text)
}

// ids of the instances of a service, those that pass or all.
func ids(client *api.Client, service, tag string, passing bool, options *api.QueryOptions) ([]string, *api.QueryMeta) {
	entries, meta, err := client.Health().Service(service, tag, passing, options)
	must(err)
	found := []string{}
	for _, entry := range entries {
		found = append(found, fmt.Sprintf("%s %s:%d", entry.Service.ID, entry.Service.Address, entry.Service.Port))
	}
	return found, meta
}

func main() {
	client, err := api.NewClient(api.DefaultConfig())
	must(err)
	agent := client.Agent()

	must(agent.ServiceRegister(&api.AgentServiceRegistration{
		ID: "web-1", Name: "web", Address: "127.0.0.1", Port: 8080,
		Tags: []string{"eu"}, Meta: map[string]string{"version": "2"},
		Check: &api.AgentServiceCheck{CheckID: "web-1-ttl", TTL: "30s"},
	}))
	before, _ := ids(client, "web", "", true, nil)
	all, meta := ids(client, "web", "", false, nil)
	say("registered", map[string]any{"passing": before, "all": all})

	// A blocking query returns when the check passes.
	seen := make(chan []string)
	go func() {
		found, _ := ids(client, "web", "eu", true, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: time.Minute})
		seen <- found
	}()
	select {
	case <-seen:
		log.Fatal("the blocking query returned before anything changed")
	case <-time.After(300 * time.Millisecond):
	}
	must(agent.UpdateTTL("web-1-ttl", "all is well", api.HealthPassing))
	say("watched", <-seen)

	services, err := agent.Services()
	must(err)
	say("services", services["web-1"].Meta)
	checks, err := agent.Checks()
	must(err)
	say("check", map[string]string{"status": checks["web-1-ttl"].Status, "output": checks["web-1-ttl"].Output})
	catalog, _, err := client.Catalog().Services(nil)
	must(err)
	say("catalog", catalog["web"])
	nodes, _, err := client.Catalog().Service("web", "", nil)
	must(err)
	say("catalog service", nodes[0].ServiceID)
	status, info, err := agent.AgentHealthServiceByID("web-1")
	must(err)
	say("health by id", map[string]string{"status": status, "id": info.Service.ID})

	must(agent.UpdateTTL("web-1-ttl", "disk full", api.HealthCritical))
	critical, _ := ids(client, "web", "", true, nil)
	say("critical", critical)

	filtered, _, err := client.Health().Service("web", "", false, &api.QueryOptions{Filter: `Service.Meta.version == "2"`})
	say("filter", map[string]any{"found": len(filtered), "error": text(err)})
	_, _, err = client.Health().Service("web", "", false, &api.QueryOptions{Datacenter: "elsewhere"})
	say("datacenter", text(err))
	_, _, err = client.KV().Get("config/web", nil)
	say("kv", text(err))
	say("unknown check", text(agent.UpdateTTL("no-such-check", "", api.HealthPassing)))
	say("unknown service", text(agent.ServiceDeregister("no-such-service")))

	must(agent.ServiceDeregister("web-1"))
	after, _ := ids(client, "web", "", false, nil)
	say("deregistered", after)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
