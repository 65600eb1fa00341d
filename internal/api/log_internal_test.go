package api

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

func TestPanicsAreFaultsOfOurs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &Server{cfg: Config{Log: slog.New(slog.NewJSONHandler(&log, nil)), Now: time.Now}}
	engine := gin.New()
	engine.Use(s.logRequest, s.recover)
	engine.GET("/", func(*gin.Context) { panic("the reason") })
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil))
	if recorder.Code != http.StatusInternalServerError || strings.Contains(recorder.Body.String(), "the reason") {
		t.Errorf("got %d %s, want 500 without the reason", recorder.Code, recorder.Body)
	}
	if !strings.Contains(log.String(), "panic: the reason") || !strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("got log %s, want an error event with the reason", log.String())
	}
}
