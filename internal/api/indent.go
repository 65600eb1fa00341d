package api

// indent lays out compact JSON as Jackson's default pretty printer does, which
// is what Atlas uses: objects over several lines, arrays on one line but for the
// objects in them, a blank in what is empty.
func indent(compact []byte) []byte {
	var (
		out      = make([]byte, 0, 2*len(compact))
		depth    = 0 // of objects; arrays do not indent
		inString = false
		open     []byte // the brackets that are open
	)
	newline := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, ' ', ' ')
		}
	}
	for i, b := range compact {
		if inString {
			out = append(out, b)
			inString = b != '"' || escaped(compact[:i])
			continue
		}
		switch b {
		case '"':
			inString = true
			out = append(out, b)
		case '{', '[':
			open = append(open, b)
			out = append(out, b)
			switch next := compact[i+1]; {
			case next == '}' || b == '[':
				out = append(out, ' ')
			default:
				depth++
				newline()
			}
		case '}', ']':
			open = open[:len(open)-1]
			switch previous := compact[i-1]; {
			case previous == '{' || previous == '[':
			case b == '}':
				depth--
				newline()
			default:
				out = append(out, ' ')
			}
			out = append(out, b)
		case ',':
			out = append(out, b)
			if open[len(open)-1] == '{' {
				newline()
			} else {
				out = append(out, ' ')
			}
		case ':':
			out = append(out, " : "...)
		default:
			out = append(out, b)
		}
	}
	return out
}

// escaped says whether the byte after text is escaped by a backslash.
func escaped(text []byte) bool {
	backslashes := 0
	for backslashes < len(text) && text[len(text)-1-backslashes] == '\\' {
		backslashes++
	}
	return backslashes%2 == 1
}
