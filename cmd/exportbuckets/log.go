package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"

	"exportbuckets/internal/logwriter"
)

type logConfig struct {
	LogLevel  slog.Level `env:"EXPORTBUCKETS_LOG_LEVEL" default:"info" help:"Least level of log events: debug, info, warn or error (${default})."`
	LogFormat string     `env:"EXPORTBUCKETS_LOG_FORMAT" default:"text" enum:"text,json" help:"Form of the log on standard error: text or json (${default})."`
}

// logger returns the log that is written to w.
func (c logConfig) logger(w *logwriter.Writer) *slog.Logger {
	w.Report(func(dropped int) []byte {
		var line bytes.Buffer
		slog.New(c.handler(&line)).Log(context.Background(), max(slog.LevelWarn, c.LogLevel),
			"lines of the log are lost: nobody read it", "lines", dropped)
		return line.Bytes()
	})
	return slog.New(c.handler(w))
}

func (c logConfig) handler(w io.Writer) slog.Handler {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}
