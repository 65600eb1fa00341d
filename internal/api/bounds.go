package api

import "time"

// maxBody is the size of the largest body that is read, in bytes.
const maxBody = 256 << 10

// bounds are what requests can make the server wait for, and hold. Tests set others.
type bounds struct {
	// Work is how long a request may be at work: from when its body is there until
	// it is answered. It is less than clients wait.
	Work time.Duration
	// Body is how long a body may take, from the end of the headers on.
	Body time.Duration
	// Wait is how long a request waits for a place among those at work, and for the
	// memory for its body.
	Wait time.Duration
	// AtWork is how many requests are at work at a time.
	AtWork int64
	// Bodies is the size of all request bodies that are held at a time, in bytes. A
	// body counts from before it is read until its request is answered. What is
	// decoded of it comes on top, of few bodies at a time: decoding waits for nobody.
	Bodies int64
	// Listed is how many items the large lists have together that are read and
	// encoded at a time: those whose items can be of many kilobytes.
	Listed int64
	// Answer is how long a client may take to read an answer.
	Answer time.Duration
	// Answers is the size of all answers that clients are reading, in bytes, without
	// the small ones.
	Answers int
}

var defaultBounds = bounds{
	Work:    10 * time.Second,
	Body:    30 * time.Second,
	Wait:    time.Second,
	AtWork:  256,
	Bodies:  64 << 20,
	Listed:  2 * maxPageSize,
	Answer:  time.Minute,
	Answers: 32 << 20,
}
