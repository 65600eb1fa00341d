// Package shell writes what people paste into a shell.
package shell

import "strings"

// Quote returns a text as one word of a shell (POSIX.1-2024, Shell Command Language, 2.2.2).
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
