package cluster

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"

	"exportbuckets/internal/objectid"
)

// domain is where the hosts of clusters would be. It is reserved for examples (RFC 2606):
// no name in it leads anywhere.
const domain = "mongodb.example"

// label returns n letters and digits that an id always has.
func label(id objectid.ID, n int) string {
	sum := sha256.Sum256([]byte(id.String()))
	text := new(big.Int).SetBytes(sum[:]).Text(36)
	return text[len(text)-n:]
}

// ReplicaSet returns the name of the replica set of a shard, from 0.
func (c Cluster) ReplicaSet(shard int) string {
	return fmt.Sprintf("atlas-%s-shard-%d", label(c.ID, 6), shard)
}

// ReplicaSets returns the names of all replica sets that have data of a sharded cluster:
// its shards, and its config servers if these are apart.
func (c Cluster) ReplicaSets() []string {
	var names []string
	if c.ConfigServerType() == dedicated {
		names = append(names, fmt.Sprintf("atlas-%s-config-0", label(c.ID, 6)))
	}
	for i := range c.Settings.Shards {
		names = append(names, c.ReplicaSet(i))
	}
	return names
}

// ConnectionStrings are how applications would reach a cluster. They are empty until it
// is made, but for the name of a free cluster, which is known at once.
type ConnectionStrings struct {
	Standard    string
	StandardSrv string
	Hosts       string // of Standard, with their scheme
}

// ConnectionStrings returns how applications would reach the cluster.
func (c Cluster) ConnectionStrings() ConnectionStrings {
	prefix, zone := hostPrefix(c.Name), label(c.ProjectID, 5)+"."+domain
	hosts := prefix
	if c.Settings.IsFree() {
		zone = label(c.ProjectID, 7) + "." + domain
		hosts = "ac-" + label(c.ID, 7)
	}
	srv := "mongodb+srv://" + prefix + "." + zone
	if !c.Made {
		if c.Settings.IsFree() {
			return ConnectionStrings{StandardSrv: srv}
		}
		return ConnectionStrings{}
	}
	port, options := 27017, "&replicaSet="+c.ReplicaSet(0)
	if c.Settings.IsSharded() {
		port, options = 27016, ""
	}
	var addresses []string
	for i, shard := range c.Settings.Shards {
		group := fmt.Sprintf("shard-%02d", i)
		// Config servers that are not apart are on the first shard.
		if c.Settings.IsSharded() && c.ConfigServerType() == embedded {
			group = fmt.Sprintf("shard-%02d", i-1)
			if i == 0 {
				group = "config-00"
			}
		}
		node := 0
		for _, region := range shard.Regions {
			for range region.Electable.NodeCount {
				addresses = append(addresses, fmt.Sprintf("%s-%s-%02d.%s:%d", hosts, group, node, zone, port))
				node++
			}
		}
	}
	all := "mongodb://" + strings.Join(addresses, ",")
	return ConnectionStrings{Standard: all + "/?ssl=true&authSource=admin" + options, StandardSrv: srv, Hosts: all}
}

// The types of config servers.
const (
	dedicated = "DEDICATED"
	embedded  = "EMBEDDED"
)

// ConfigServerType returns where the config servers of a sharded cluster are.
func (c Cluster) ConfigServerType() string {
	if c.Settings.ConfigServerManagementMode == "FIXED_TO_DEDICATED" {
		return dedicated
	}
	return embedded
}
