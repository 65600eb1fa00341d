//go:build !linux

package main

import "net"

// refuseConnections is for Linux: elsewhere a listener is closed with whatever
// nobody has accepted yet.
func refuseConnections(*net.TCPListener) error { return nil }
