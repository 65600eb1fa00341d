package cluster

import (
	"slices"
	"strconv"
	"strings"
)

// The providers of regions. TENANT is that of free clusters, which run at another.
const (
	aws    = "AWS"
	azure  = "AZURE"
	gcp    = "GCP"
	tenant = "TENANT"
	flex   = "FLEX"
)

// FreeSize is the instance size of free clusters.
const FreeSize = "M0"

// Cloud is what a cloud provider has for clusters. Atlas, specification of
// regionName and instanceSize, without what is for governments and China.
type Cloud struct {
	Provider       string
	Regions        []string
	DefaultRegions []string
	FreeRegions    []string // of M0
	Sizes          []string // of dedicated clusters
}

// Clouds are all clouds. The regions of AWS are in the order that was recorded.
var Clouds = []Cloud{
	{
		Provider: aws,
		Regions: strings.Fields(`US_EAST_1 US_EAST_2 US_WEST_1 US_WEST_2 CA_CENTRAL_1 EU_NORTH_1 EU_WEST_1 EU_WEST_2
			EU_WEST_3 EU_CENTRAL_1 EU_CENTRAL_2 SA_EAST_1 AP_EAST_1 AP_EAST_2 AP_SOUTHEAST_2 AP_SOUTHEAST_3
			AP_SOUTHEAST_4 AP_SOUTHEAST_5 AP_SOUTHEAST_6 AP_SOUTHEAST_7 AP_NORTHEAST_1 AP_NORTHEAST_2 AP_NORTHEAST_3
			AP_SOUTHEAST_1 AP_SOUTH_1 AP_SOUTH_2 ME_CENTRAL_1 ME_SOUTH_1 AF_SOUTH_1 EU_SOUTH_1 EU_SOUTH_2
			IL_CENTRAL_1 CA_WEST_1 MX_CENTRAL_1`),
		DefaultRegions: []string{"US_EAST_1", "US_WEST_2"},
		FreeRegions:    []string{"US_EAST_1", "US_EAST_2"},
		Sizes: strings.Fields(`M10 M20 M30 M40 M50 M60 M80 M100 M140 M200 M300 R40 R50 R60 R80 R200 R300 R400 R700
			M40_NVME M50_NVME M60_NVME M80_NVME M200_NVME M400_NVME M30_GEN_2 M40_GEN_2 M50_GEN_2 M60_GEN_2 M80_GEN_2
			M140_GEN_2 M200_GEN_2 M300_GEN_2 R40_GEN_2 R50_GEN_2 R60_GEN_2 R80_GEN_2 R200_GEN_2 R300_GEN_2 R400_GEN_2
			R700_GEN_2 M40_NVME_GEN_2 M50_NVME_GEN_2 M60_NVME_GEN_2 M80_NVME_GEN_2 M200_NVME_GEN_2 M400_NVME_GEN_2`),
	},
	{
		Provider: azure,
		Regions: strings.Fields(`US_CENTRAL US_EAST US_EAST_2 US_NORTH_CENTRAL US_WEST US_SOUTH_CENTRAL EUROPE_NORTH
			EUROPE_WEST US_WEST_CENTRAL US_WEST_2 US_WEST_3 CANADA_EAST CANADA_CENTRAL BRAZIL_SOUTH BRAZIL_SOUTHEAST
			AUSTRALIA_CENTRAL AUSTRALIA_CENTRAL_2 AUSTRALIA_EAST AUSTRALIA_SOUTH_EAST GERMANY_WEST_CENTRAL
			GERMANY_NORTH SWEDEN_CENTRAL SWEDEN_SOUTH SWITZERLAND_NORTH SWITZERLAND_WEST UK_SOUTH UK_WEST NORWAY_EAST
			NORWAY_WEST INDIA_CENTRAL INDIA_SOUTH INDIA_WEST ASIA_EAST JAPAN_EAST JAPAN_WEST ASIA_SOUTH_EAST
			KOREA_CENTRAL KOREA_SOUTH FRANCE_CENTRAL FRANCE_SOUTH SOUTH_AFRICA_NORTH SOUTH_AFRICA_WEST UAE_CENTRAL
			UAE_NORTH QATAR_CENTRAL POLAND_CENTRAL ISRAEL_CENTRAL ITALY_NORTH SPAIN_CENTRAL MEXICO_CENTRAL
			NEW_ZEALAND_NORTH`),
		DefaultRegions: []string{"US_EAST_2"},
		FreeRegions:    []string{"US_EAST_2"},
		Sizes: strings.Fields(`M10 M20 M30 M40 M50 M60 M80 M90 M200 R40 R50 R60 R80 R200 R300 R400 M60_NVME M80_NVME
			M200_NVME M300_NVME M400_NVME M600_NVME`),
	},
	{
		Provider: gcp,
		Regions: strings.Fields(`EASTERN_US US_EAST_4 US_EAST_5 US_WEST_2 US_WEST_3 US_WEST_4 US_SOUTH_1 CENTRAL_US
			WESTERN_US NORTH_AMERICA_NORTHEAST_1 NORTH_AMERICA_NORTHEAST_2 NORTH_AMERICA_SOUTH_1 SOUTH_AMERICA_EAST_1
			SOUTH_AMERICA_WEST_1 WESTERN_EUROPE EUROPE_NORTH_1 EUROPE_WEST_2 EUROPE_WEST_3 EUROPE_WEST_4 EUROPE_WEST_6
			EUROPE_WEST_8 EUROPE_WEST_9 EUROPE_WEST_10 EUROPE_WEST_12 EUROPE_SOUTHWEST_1 EUROPE_CENTRAL_2
			MIDDLE_EAST_CENTRAL_1 MIDDLE_EAST_CENTRAL_2 MIDDLE_EAST_WEST_1 AUSTRALIA_SOUTHEAST_1 AUSTRALIA_SOUTHEAST_2
			AFRICA_SOUTH_1 EASTERN_ASIA_PACIFIC NORTHEASTERN_ASIA_PACIFIC SOUTHEASTERN_ASIA_PACIFIC ASIA_EAST_2
			ASIA_NORTHEAST_2 ASIA_NORTHEAST_3 ASIA_SOUTH_1 ASIA_SOUTH_2 ASIA_SOUTHEAST_2`),
		DefaultRegions: []string{"CENTRAL_US"},
		FreeRegions:    []string{"CENTRAL_US"},
		Sizes: strings.Fields(`M10 M20 M30 M40 M50 M60 M80 M140 M200 M250 M300 M400 R40 R50 R60 R80 R200 R300 R400
			R600 M30_GEN_2 M40_GEN_2 M50_GEN_2 M60_GEN_2 M80_GEN_2 M140_GEN_2 M200_GEN_2 R40_GEN_2 R50_GEN_2 R60_GEN_2
			R80_GEN_2 R200_GEN_2 R300_GEN_2 R400_GEN_2`),
	},
}

// findCloud returns the cloud of a provider, or nil if there is none.
func findCloud(provider string) *Cloud {
	i := slices.IndexFunc(Clouds, func(c Cloud) bool { return c.Provider == provider })
	if i < 0 {
		return nil
	}
	return &Clouds[i]
}

// HasRegion reports whether a provider has a region.
func HasRegion(provider, name string) bool {
	cloud := findCloud(provider)
	return cloud != nil && slices.Contains(cloud.Regions, name)
}

// isFlexSize reports whether an instance size is one of clusters that Atlas has an API
// of its own for.
func isFlexSize(size string) bool { return size == flex || size == "M2" || size == "M5" }

// isLarge reports whether an instance size is M30, R40 or more.
func isLarge(size string) bool {
	number, _, _ := strings.Cut(strings.TrimLeft(size, "MR"), "_")
	n, _ := strconv.Atoi(number) // a size has one
	return n >= 30
}

// The disks of nodes, in GB. Those that nobody asks for are recorded of small nodes at
// AWS, documented of small nodes at Azure, and inferred of the rest.
const (
	freeDiskGB       = 0.5
	smallDiskGB      = 10
	smallAzureDiskGB = 8
	largeDiskGB      = 40
	maxDiskGB        = 16384
)

// Disk is what a disk can do, where Atlas shows it.
type Disk struct {
	IOPS          *int   // AWS and Azure
	Throughput    *int   // MB a second; Azure
	EBSVolumeType string // AWS
}

// Disk returns the disk of nodes of the region. What nobody has asked for is as it was
// recorded of M10.
func (r Region) Disk(nodes Hardware) Disk {
	var disk Disk
	switch r.Provider {
	case aws:
		disk = Disk{IOPS: new(3000), EBSVolumeType: "STANDARD"}
		if nodes.EBSVolumeType != nil {
			disk.EBSVolumeType = *nodes.EBSVolumeType
		}
	case azure:
		disk = Disk{IOPS: new(3500), Throughput: new(125)}
	default:
		return disk
	}
	replace(&disk.IOPS, nodes.DiskIOPS)
	return disk
}

// IsFree reports whether the nodes are those of a free cluster.
func (r Region) IsFree() bool { return r.Provider == tenant }

// versions are the versions of MongoDB, newest last, with the newest patch of each. Those
// of 7.0 and 8.0 are recorded.
var versions = []struct{ major, patch string }{
	{"6.0", "6.0.27"},
	{"7.0", "7.0.40"},
	{DefaultMajorVersion, "8.0.29"},
}

// DefaultMajorVersion is the version of MongoDB of a cluster that asks for none.
const DefaultMajorVersion = "8.0"

// patchOf returns the newest patch of a version, or nothing if there is no such version.
func patchOf(major string) string {
	for _, version := range versions {
		if version.major == major {
			return version.patch
		}
	}
	return ""
}
