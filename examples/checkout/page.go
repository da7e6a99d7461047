package checkout

import (
	_ "embed"
	"net/http"
)

// pageDocument is the shop for people: a browser that shows it sends what a
// checkout of the documents sends.
//
//go:embed page.html
var pageDocument []byte

func servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(pageDocument) // a client that left is not our error
}
