package shape_test

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A server is what the example's language describes.
type server struct {
	Name  string
	Port  int
	Level string
}

// serverShape is a language of three fields.
func serverShape(s *server) shape.Shape {
	return shape.Fields{
		{Name: "name", Doc: "name of the server", Shape: shape.Text(&s.Name), Required: true},
		{Name: "port", Doc: "port that it listens on", Shape: shape.Integer{To: &s.Port, Low: 1, High: 65535, Want: "a port such as 8080"}},
		{Name: "level", Doc: "how much it logs", Shape: shape.Enum(&s.Level, "a level", "info", "debug")},
	}
}

func Example() {
	var s server
	d := shape.NewDocument(shape.Source{File: "server.yaml", Text: []byte("port: 80800\nlevl: debug\n")}, shape.Language{})
	if root, ok := d.Parse(); ok {
		serverShape(&s).Read(d, root, "")
	}
	fmt.Print(shape.Explain(shape.Join(d)))
	// Output:
	// server.yaml:1:1: error: name is missing
	//     1 | port: 80800
	//       | ^^^^ name: name of the server
	//
	// server.yaml:1:7: error: 80800 is not within 1 to 65535
	//     1 | port: 80800
	//       |       ^^^^^
	//
	// server.yaml:2:1: error: unknown key "levl"
	//     1 | port: 80800
	//     2 | levl: debug
	//       | ^^^^ did you mean "level"?
	//   known: level, name, port
	//
	// 3 errors in server.yaml.
}
