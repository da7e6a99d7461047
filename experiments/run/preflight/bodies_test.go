package preflight

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

// The documents that show how bodies are written are right, and what they send is what
// servers of their kind read.
func TestBodiesByExample(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(readerOfBodies(t))
	defer server.Close()
	const folder = "../../../examples/bodies/"
	files, err := experiments.DefaultExperiments(folder + experiments.SystemFile)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := experiments.Outside{Set: []string{"url=" + server.URL, "control_url=" + server.URL + "/"}}.Load(folder+experiments.SystemFile, files)
	if err != nil {
		t.Fatal(experiments.Explain(err))
	}
	for range 3 { // random words
		list, err := Try(t.Context(), TryOptions{System: s, Run: "r1"})
		if err != nil || len(list) != 3 {
			t.Fatal(err, len(list))
		}
		var text strings.Builder
		if err := errors.Join(Failed(list), WriteText(&text, list)); err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
		if got := text.String(); !strings.Contains(got, "<69 bytes of photo.png>") || strings.Contains(got, "IHDR") {
			t.Errorf("the file is shown, or what stands for it is not:\n%s", got)
		}
	}
}

// readerOfBodies is a server that reads each kind of body as its kind is read.
func readerOfBodies(t *testing.T) http.Handler {
	photo, err := os.ReadFile("../../../examples/bodies/photo.png")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /graphql", answerGraphQL)
	mux.HandleFunc("POST /soap/orders", answerSOAP)
	mux.HandleFunc("POST /pizzas", func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil || r.PostForm.Get("note") != "no & please" {
			http.Error(w, "no such form", http.StatusBadRequest)
			return
		}
		answer(w, http.StatusCreated, map[string]any{"id": "a/1", "toppings": len(r.PostForm["topping"])})
	})
	mux.HandleFunc("POST /pizzas/{id}/photos", func(w http.ResponseWriter, r *http.Request) {
		file, head, err := r.FormFile("photo")
		if err != nil || r.PathValue("id") != "a/1" || len(r.MultipartForm.Value["tag"]) != 2 || r.MultipartForm.Value["title"] == nil {
			http.Error(w, fmt.Sprint(err, r.MultipartForm), http.StatusBadRequest)
			return
		}
		content, err := io.ReadAll(file)
		if err != nil || !slices.Equal(content, photo) {
			http.Error(w, "another photo", http.StatusBadRequest)
			return
		}
		w.Header().Set("Location", "/photos/1?size=large&x=%20")
		answer(w, http.StatusCreated, map[string]any{"bytes": len(content), "type": head.Header.Get("Content-Type"), "name": head.Filename})
	})
	mux.HandleFunc("PUT /photos/1", func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil || !slices.Equal(content, photo) || r.Header.Get("Content-Type") != "image/png" || r.URL.RawQuery != "size=large&x=%20" {
			http.Error(w, "another photo", http.StatusBadRequest)
			return
		}
		answer(w, http.StatusOK, map[string]any{"bytes": len(content)})
	})
	return mux
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who does not read it has no answer
}

func answerGraphQL(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Query     string
		Variables map[string]any
	}
	err := json.NewDecoder(r.Body).Decode(&asked)
	data, wrong := map[string]any{}, ""
	switch token := r.Header.Get("Authorization"); {
	case err != nil || r.Header.Get("Content-Type") != "application/json":
		wrong = "no request"
	case strings.Contains(asked.Query, "login(") && token == "":
		data["login"] = map[string]any{"__typename": "Session", "token": "t 1"}
	case token != "Bearer t 1":
		wrong = "not logged in"
	case strings.Contains(asked.Query, "products("):
		data["products"] = []any{map[string]any{"__typename": "Product", "sku": 7, "price": 12.5}}
	case asked.Variables["sku"] == 7.0: // a number, as it was
		data["order"] = map[string]any{"__typename": "Order", "id": "o1", "sku": 7}
	default:
		wrong = "no such product"
	}
	if wrong != "" {
		answer(w, http.StatusOK, map[string]any{"data": nil, "errors": []any{map[string]any{"message": wrong}}})
		return
	}
	answer(w, http.StatusOK, map[string]any{"data": data})
}

func answerSOAP(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Quote struct{ Category string }
			Order struct {
				Quote string `xml:"quote,attr"`
			}
		}
	}
	err := xml.NewDecoder(r.Body).Decode(&asked)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	content := "<soap:Fault>no such request</soap:Fault>"
	switch action := r.Header.Get("SOAPAction"); {
	case err != nil || r.Header.Get("Content-Type") != "text/xml; charset=utf-8":
	case action == `"urn:shop:Quote"` && slices.Contains([]string{"Home & Garden", "Toys <3"}, asked.Body.Quote.Category):
		content = `<QuoteResponse><Id>"q" &lt;1&gt;</Id></QuoteResponse>`
	case action == `"urn:shop:Order"` && asked.Body.Order.Quote == `"q" &lt;1&gt;`: // as the expression took it
		content = "<Order>12</Order>"
	}
	_, _ = io.WriteString(w, `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>`+content+"</soap:Body></soap:Envelope>")
}
