package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker when a release is built.
var version = "devel"

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(o output) error {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = " " + setting.Value
			}
		}
	}
	_, err := fmt.Fprintf(o.out, "exportbuckets %s%s (%s %s/%s)\n",
		version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
