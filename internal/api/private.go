package api

import (
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
	var body pieces
	if err := encode(&body, ipInfoBody{CurrentIPv4Address: address.String()}); err != nil {
		s.writeError(c, err)
		return
	}
	s.writeBody(c, http.StatusOK, jsonType, body...)
}

// dropTelemetry takes the events that the CLI sends about itself to wherever it
// is pointed, and forgets them.
func (s *Server) dropTelemetry(c *gin.Context) {
	c.AbortWithStatus(http.StatusNoContent)
}
