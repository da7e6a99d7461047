package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// browserScratch is where a browser leaves what it does not remove: the name of a
// socket in it has to be short, which those of t.TempDir are not.
func browserScratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// newTab is a tab of a headless browser. Without one the test is skipped, unless
// BLASTGAUGE_REQUIRE=all says that nothing may be.
func newTab(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		path, err = exec.LookPath("google-chrome")
	}
	if err != nil {
		if os.Getenv("BLASTGAUGE_REQUIRE") == "all" {
			t.Fatal(err)
		}
		t.Skip("no browser here: install Debian's package chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.Env("TMPDIR="+browserScratch(t)),
		chromedp.DisableGPU, chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// A recorder keeps what a tab sent and was answered, as the network panel does.
type recorder struct {
	mu    sync.Mutex
	order []network.RequestID
	sent  map[network.RequestID]*network.EventRequestWillBeSent
	got   map[network.RequestID]*network.EventResponseReceived
	ended map[network.RequestID]*network.EventLoadingFinished
}

func (r *recorder) event(ev any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		r.order = append(r.order, ev.RequestID)
		r.sent[ev.RequestID] = ev
	case *network.EventResponseReceived:
		r.got[ev.RequestID] = ev
	case *network.EventLoadingFinished:
		r.ended[ev.RequestID] = ev
	}
}

// recordCheckout orders something in a browser, on the shop's own page, and
// returns what it recorded as HAR.
func recordCheckout(t *testing.T, shop string) []byte {
	t.Helper()
	tab := newTab(t)
	r := &recorder{sent: map[network.RequestID]*network.EventRequestWillBeSent{}, got: map[network.RequestID]*network.EventResponseReceived{}, ended: map[network.RequestID]*network.EventLoadingFinished{}}
	if err := chromedp.Listen(tab, r.event); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Do(tab, chromedp.Navigate(shop+"/"),
		chromedp.Click(chromedp.CSS(`[data-sku="A-18"]`)),
		chromedp.Click(chromedp.CSS(`#add`)),
		chromedp.Click(chromedp.CSS(`#order`)),
		chromedp.Poll[chromedp.Void](`document.getElementById('said').textContent.startsWith('Thank you. Order order-')`))
	if err != nil {
		t.Fatal(err)
	}
	return r.har(t, tab)
}

func (r *recorder) har(t *testing.T, tab context.Context) []byte {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := []any{}
	for _, id := range r.order {
		sent, got, ended := r.sent[id], r.got[id], r.ended[id]
		if got == nil || ended == nil {
			continue
		}
		request := map[string]any{"method": sent.Request.Method, "url": sent.Request.URL, "httpVersion": got.Response.Protocol, "headers": pairs(sent.Request.Headers), "cookies": []any{}, "queryString": []any{}}
		if len(sent.Request.PostDataEntries) > 0 {
			request["postData"] = map[string]any{"mimeType": sent.Request.Headers["Content-Type"], "text": string(sent.Request.PostDataEntries[0].Bytes)}
		}
		body, err := chromedp.Call(tab, network.GetResponseBody, network.GetResponseBodyParams{RequestID: id})
		if err != nil {
			t.Fatalf("%s: %v", sent.Request.URL, err)
		}
		started := time.UnixMicro(int64(sent.WallTime.Float64() * 1e6))
		entries = append(entries, map[string]any{
			"_resourceType": string(sent.Type), "pageref": "page_1",
			"startedDateTime": started.UTC().Format("2006-01-02T15:04:05.000Z"), "time": 1000 * (float64(ended.Timestamp) - float64(sent.Timestamp)), "request": request,
			"response": map[string]any{"status": got.Response.Status, "headers": pairs(got.Response.Headers), "cookies": []any{}, "redirectURL": "",
				"content": map[string]any{"size": len(body.Body), "mimeType": got.Response.MimeType, "text": string(body.Body)}},
		})
	}
	text, err := json.MarshalIndent(map[string]any{"log": map[string]any{"version": "1.2", "creator": map[string]any{"name": "WebInspector", "version": "537.36"},
		"pages": []any{map[string]any{"id": "page_1", "title": "shop"}}, "entries": entries}}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func pairs(h network.Headers) []map[string]string {
	list := []map[string]string{}
	for name, value := range h {
		list = append(list, map[string]string{"name": name, "value": fmt.Sprint(value)})
	}
	return list
}
