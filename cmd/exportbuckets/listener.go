package main

import (
	"context"
	"fmt"
	"net"
)

// listen opens the port.
func listen(ctx context.Context, address string) (*net.TCPListener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // its listeners have no filter; see refuseConnections
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return listener.(*net.TCPListener), nil //nolint:forcetypeassert // It listens to TCP.
}
