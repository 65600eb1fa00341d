package waittest

import "runtime/debug"

// RaceDetector reports whether the test binary has the race detector in it, which
// takes memory of its own and empties pools at random.
func RaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}
