package api

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// ParseProxy reads a trusted proxy, whose X-Forwarded-For is believed: a network in
// CIDR form or an address. It refuses one that holds every address: callers could
// choose their own.
func ParseProxy(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, errors.New("is neither an address nor a network")
		}
		network = netip.PrefixFrom(address, address.BitLen())
	}
	if network.Addr().Is4In6() { // addresses are compared in their short form
		network = netip.PrefixFrom(network.Addr().Unmap(), max(network.Bits()-96, 0))
	}
	if network.Bits() == 0 {
		return netip.Prefix{}, errors.New("holds every address: name those of your proxies")
	}
	return network.Masked(), nil
}

// clientAddress is the address that access lists and rate limits go by: the
// connection's or, if that is a trusted proxy's, the last that is none in
// X-Forwarded-For. It is invalid, and on no list, if what a proxy has put there
// tells none, such as "unknown": it could be anyone's.
func (s *Server) clientAddress(c *gin.Context) netip.Addr {
	address := parseAddress(c.Request.RemoteAddr)
	reported := strings.Split(strings.Join(c.Request.Header.Values("X-Forwarded-For"), ","), ",")
	if len(reported) == 1 && strings.TrimSpace(reported[0]) == "" {
		return address // a proxy that calls by itself
	}
	for _, text := range slices.Backward(reported) {
		if !s.isProxy(address) {
			return address
		}
		address = parseAddress(text)
	}
	return address
}

func (s *Server) isProxy(address netip.Addr) bool {
	return slices.ContainsFunc(s.proxies, func(network netip.Prefix) bool { return network.Contains(address) })
}

// parseAddress reads an address as proxies write it, with or without a port, IPv6
// with or without brackets. It is invalid if the text is none.
func parseAddress(text string) netip.Addr {
	text = strings.TrimSpace(text)
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}
		}
		address = withPort.Addr()
	}
	return address.Unmap().WithZone("")
}
