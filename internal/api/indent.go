package api

import "io"

// indenter lays out the compact JSON that is written to it as Jackson's default
// pretty printer does, which is what Atlas uses: objects over several lines, arrays
// on one line but for the objects in them, a blank in what is empty.
type indenter struct {
	to io.Writer

	out      []byte // of one Write
	open     []byte // the brackets that are open
	depth    int    // of objects; arrays do not indent
	opened   bool   // the last byte was a bracket that opens
	inString bool
	escaped  bool // the last byte was a backslash that escapes
}

// Write implements io.Writer.
func (i *indenter) Write(compact []byte) (int, error) {
	i.out = i.out[:0]
	for _, b := range compact {
		if i.inString {
			i.addOfString(b)
		} else {
			i.add(b)
		}
	}
	if _, err := i.to.Write(i.out); err != nil {
		return 0, err //nolint:wrapcheck // The writer knows what it was writing.
	}
	return len(compact), nil
}

func (i *indenter) addOfString(b byte) {
	i.out = append(i.out, b)
	i.inString = b != '"' || i.escaped
	i.escaped = b == '\\' && !i.escaped
}

func (i *indenter) add(b byte) {
	first := i.opened // in its brackets
	i.opened = false
	if first {
		i.afterOpening(b)
	}
	switch b {
	case '"':
		i.inString = true
	case '{', '[':
		i.open = append(i.open, b)
		i.opened = true
	case '}', ']':
		i.open = i.open[:len(i.open)-1]
		if !first {
			i.beforeClosing(b)
		}
	case ',':
		i.out = append(i.out, b)
		if i.inObject() {
			i.newline()
		} else {
			i.out = append(i.out, ' ')
		}
		return
	case ':':
		i.out = append(i.out, " : "...)
		return
	}
	i.out = append(i.out, b)
}

// afterOpening writes what stands between a bracket and the next byte.
func (i *indenter) afterOpening(next byte) {
	if i.inObject() && next != '}' {
		i.depth++
		i.newline()
	} else {
		i.out = append(i.out, ' ')
	}
}

// beforeClosing writes what stands before a bracket that closes something.
func (i *indenter) beforeClosing(bracket byte) {
	if bracket == '}' {
		i.depth--
		i.newline()
	} else {
		i.out = append(i.out, ' ')
	}
}

func (i *indenter) inObject() bool { return i.open[len(i.open)-1] == '{' }

func (i *indenter) newline() {
	i.out = append(i.out, '\n')
	for range i.depth {
		i.out = append(i.out, ' ', ' ')
	}
}
