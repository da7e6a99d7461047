package toxiproxy

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Whatever a server says, and wherever that is cut, an error tells no part of the token
// and of the password that the server was sent.
func TestErrorsTellNoPartOfASecret(t *testing.T) {
	t.Parallel()
	const token, password = "Zq7-Xk9+Vw3/Jy5=Qj", "<Gk4>B\"z8%HpP2#Mt"
	var text string
	answers := map[string]func(w http.ResponseWriter){
		"JSON":  func(w http.ResponseWriter) { apiError(w, text) },
		"HTML":  func(w http.ResponseWriter) { http.Error(w, "<html><body><b>"+text+"</b>", http.StatusBadGateway) },
		"title": func(w http.ResponseWriter) { http.Error(w, "<title>"+text+"</title>", http.StatusBadGateway) },
		"long": func(w http.ResponseWriter) {
			http.Error(w, strings.Repeat("\n", maxError-200)+text, http.StatusBadGateway)
		},
		"no JSON": func(w http.ResponseWriter) { _, _ = io.WriteString(w, text) },
		"state":   func(w http.ResponseWriter) { _ = json.NewEncoder(w).Encode(map[string]any{"name": text}) },
		"broken": func(w http.ResponseWriter) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 "+text+"\r\n\r\n")
			_ = c.Close()
		},
		"broken header": func(w http.ResponseWriter) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+text+"\r\n\r\n")
			_ = c.Close()
		},
	}
	var answer func(http.ResponseWriter)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
	defer server.Close()
	d := New(Options{Token: token, URL: strings.Replace(server.URL, "://", "://admin:"+"%3CGk4%3EB%22z8%25HpP2%23Mt"+"@", 1)})
	basic := base64.StdEncoding.EncodeToString([]byte("admin:" + password))
	for name, a := range answers {
		for _, secret := range []string{token, password, basic} {
			for at := 150; at < 215; at += 2 {
				answer, text = a, strings.Repeat("_", at)+secret+" is wrong"
				_, err := d.proxy(t.Context(), "dep")
				_, version := d.Identify(t.Context())
				if err == nil || name != "state" && version == nil {
					t.Fatalf("%s: %v, %v", name, err, version)
				}
				told := fmt.Sprint(err, version)
				for i := 0; i+4 <= len(secret); i++ {
					if part := secret[i : i+4]; strings.Contains(told, part) {
						t.Errorf("%s at %d: %q is told: %s", name, at, part, told)
						break
					}
				}
			}
		}
	}
}

func apiError(w http.ResponseWriter, text string) {
	w.WriteHeader(http.StatusInternalServerError)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
}

// What a server says of a toxic is told without the token as well.
func TestEvidenceTellsNoPartOfASecret(t *testing.T) {
	t.Parallel()
	const token = "Zq7-Xk9+Vw3/Jy5=Qj"
	d := New(Options{Token: token, URL: "http://127.0.0.1:1"})
	want := newToxic{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]any{"latency": int64(1)}}
	for at := range 215 {
		text := strings.Repeat("_", at) + token
		for _, there := range []toxic{
			{Type: text}, {Type: "latency", Stream: text},
			{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]any{"latency": text}},
			{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]any{text: 1.0}},
		} {
			told := want.differs(there, d.api.printable) + there.describe(d.api.printable)
			for i := 0; i+4 <= len(token); i++ {
				if strings.Contains(told, token[i:i+4]) {
					t.Errorf("at %d: %q is told: %s", at, token[i:i+4], told)
					break
				}
			}
		}
	}
	err := errors.Join(d.problems(state{Name: "dep", Enabled: true, Upstream: token + ":1"}, plan.Fault{})...)
	if err != nil && strings.Contains(err.Error(), token[:4]) {
		t.Error(err)
	}
}
