package api

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/iam"
)

// What the Atlas CLI asks for outside the Administration API. These paths have
// no versions.

// ipInfoBody tells the client its address.
type ipInfoBody struct {
	CurrentIPv4Address string `json:"currentIpv4Address"`
}

func (s *Server) ipInfo(c *gin.Context) {
	if _, err := s.authenticate(c); err != nil {
		s.writeError(c, err)
		return
	}
	address := s.clientAddress(c)
	if !address.IsValid() {
		s.writeError(c, iam.RefusedAddress(address))
		return
	}
	data, err := encode(ipInfoBody{CurrentIPv4Address: address.String()})
	if err != nil {
		s.writeError(c, err)
		return
	}
	writeBody(c, http.StatusOK, jsonType, data)
}

// dropTelemetry takes the events that the CLI sends about itself to wherever it
// is pointed, and forgets them.
func (s *Server) dropTelemetry(c *gin.Context) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	c.AbortWithStatus(http.StatusNoContent)
}
