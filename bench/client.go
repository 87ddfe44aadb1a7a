package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// connection is a kept-alive HTTP/1.1 connection that asks one thing at a time.
// It shares the processors with the server it asks, so it does no more than it
// has to: requests are ready-made bytes, and of an answer it reads the status, the
// length and the body.
type connection struct {
	net.Conn
	in *bufio.Reader
}

// answer is what came back. Head and body are good until the next question.
type answer struct {
	status int
	head   []byte // status line and header
	body   []byte
}

func dial(address string) (*connection, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return newConnection(c), nil
}

func newConnection(c net.Conn) *connection { return &connection{c, bufio.NewReaderSize(c, 32<<10)} }

// request makes the bytes of a request, with a body when there is one.
func request(method, path, token, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\n", method, path)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return []byte(b.String())
}

func (c *connection) ask(request []byte) (answer, error) {
	if _, err := c.Write(request); err != nil {
		return answer{}, err
	}
	head, err := c.head()
	if err != nil {
		return answer{}, err
	}
	status, length, err := parseHead(head)
	if err != nil {
		return answer{}, err
	}
	whole, err := c.in.Peek(len(head) + length)
	if err != nil {
		return answer{}, err
	}
	c.in.Discard(len(whole)) // cannot fail: it is buffered
	return answer{status, whole[:len(head)], whole[len(head):]}, nil
}

var emptyLine = []byte("\r\n\r\n")

// head waits until all of the header has come. Answers come in one packet, so
// it seldom looks twice.
func (c *connection) head() ([]byte, error) {
	for have := 1; ; have = c.in.Buffered() + 1 {
		if _, err := c.in.Peek(have); err != nil {
			return nil, err
		}
		seen, _ := c.in.Peek(c.in.Buffered()) // cannot fail
		if end := bytes.Index(seen, emptyLine); end >= 0 {
			return seen[:end+len(emptyLine)], nil
		}
	}
}

var lengthField = []byte("\r\nContent-Length: ")

func parseHead(head []byte) (status, length int, err error) {
	const version = "HTTP/1.1 "
	if len(head) < len(version)+3 || string(head[:len(version)]) != version {
		return 0, 0, fmt.Errorf("an answer begins %.40q", head)
	}
	if status, err = strconv.Atoi(string(head[len(version) : len(version)+3])); err != nil {
		return 0, 0, err
	}
	if status == http.StatusNoContent {
		return status, 0, nil
	}
	_, field, ok := bytes.Cut(head, lengthField)
	if !ok {
		return 0, 0, fmt.Errorf("an answer tells no length: %q", head)
	}
	text, _, _ := bytes.Cut(field, emptyLine[:2])
	length, err = strconv.Atoi(string(text))
	return status, length, err
}

// header reads the header of an answer, without the date.
func (a answer) header() (http.Header, error) {
	response, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(a.head), bytes.NewReader(a.body))), nil)
	if err != nil {
		return nil, err
	}
	response.Header.Del("Date")
	return response.Header, response.Body.Close()
}

// want is the fault of an answer that is not of this status.
func (a answer) want(status int) error {
	if a.status != status {
		return fmt.Errorf("answered %d %.200q where %d is right", a.status, a.body, status)
	}
	return nil
}

// untilDone closes a connection when the program is interrupted.
func (c *connection) untilDone(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { c.Close() })
}
