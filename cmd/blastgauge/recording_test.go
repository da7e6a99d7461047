package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/blastgauge/blastgauge/injectors/injectortest/chromium"
)

// A recorder keeps what a tab sent and was answered, as the network panel does.
type recorder struct {
	mu     sync.Mutex
	order  []*recorded
	open   map[network.RequestID][]*recorded // by request, one for each redirection
	sent   map[network.RequestID]int         // how many of them have the headers that were sent
	got    map[network.RequestID]int         // and those that came
	change chan struct{}                     // has an element after a change
}

// A recorded is a request and its answer.
type recorded struct {
	sent               *network.EventRequestWillBeSent
	answer             *network.Response
	headers, came      network.Headers   // as they were on the wire
	ended              cdp.MonotonicTime // after it was sent, in seconds
	done, read, failed bool
	body               []byte
}

// record begins to keep what a tab sends.
func record(t *testing.T, tab context.Context) *recorder {
	t.Helper()
	r := &recorder{open: map[network.RequestID][]*recorded{}, sent: map[network.RequestID]int{}, got: map[network.RequestID]int{}, change: make(chan struct{}, 1)}
	if err := chromedp.Listen(tab, r.event); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *recorder) event(ev any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		if list := r.open[ev.RequestID]; len(list) > 0 && ev.RedirectResponse != nil {
			last := list[len(list)-1]
			last.answer, last.done, last.read = ev.RedirectResponse, true, true
			last.ended = ev.Timestamp - last.sent.Timestamp
		}
		one := &recorded{sent: ev}
		r.order, r.open[ev.RequestID] = append(r.order, one), append(r.open[ev.RequestID], one)
	case *network.EventRequestWillBeSentExtraInfo:
		if list, n := r.open[ev.RequestID], r.sent[ev.RequestID]; n < len(list) {
			list[n].headers = ev.Headers
		}
		r.sent[ev.RequestID]++
	case *network.EventResponseReceivedExtraInfo:
		if list, n := r.open[ev.RequestID], r.got[ev.RequestID]; n < len(list) {
			list[n].came = ev.Headers
		}
		r.got[ev.RequestID]++
	case *network.EventResponseReceived:
		if list := r.open[ev.RequestID]; len(list) > 0 {
			list[len(list)-1].answer = ev.Response
		}
	case *network.EventLoadingFinished:
		if list := r.open[ev.RequestID]; len(list) > 0 {
			last := list[len(list)-1]
			last.done, last.ended = true, ev.Timestamp-last.sent.Timestamp
		}
	case *network.EventLoadingFailed:
		if list := r.open[ev.RequestID]; len(list) > 0 {
			last := list[len(list)-1]
			last.done, last.read, last.failed = true, true, true
		}
	}
	select {
	case r.change <- struct{}{}:
	default:
	}
}

// settle waits until all that was sent is answered, and keeps the answers: a browser
// forgets them with the page.
func (r *recorder) settle(t *testing.T, tab context.Context) {
	t.Helper()
	for {
		r.mu.Lock()
		var unread []*recorded
		waiting := false
		for _, one := range r.order {
			waiting = waiting || !one.done
			if one.done && !one.read {
				unread = append(unread, one)
			}
		}
		r.mu.Unlock()
		for _, one := range unread {
			body, err := chromedp.Call(tab, network.GetResponseBody, network.GetResponseBodyParams{RequestID: one.sent.RequestID})
			if err != nil {
				t.Fatalf("%s: %v", one.sent.Request.URL, err)
			}
			one.body, one.read = body.Body, true
		}
		if !waiting {
			return
		}
		select {
		case <-r.change:
		case <-tab.Done():
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, one := range r.order {
				if !one.done {
					t.Errorf("%s has not ended", one.sent.Request.URL)
				}
			}
			t.Fatal(tab.Err())
		}
	}
}

// visit does what a person does on a page, and waits for what comes of it.
func (r *recorder) visit(t *testing.T, tab context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, actions...); err != nil {
		t.Fatal(err)
	}
	r.settle(t, tab)
}

// recordCheckout orders something in a browser, on the shop's own page, and
// returns what it recorded as HAR.
func recordCheckout(t *testing.T, shop string) []byte {
	t.Helper()
	tab := chromium.Start(t)
	r := record(t, tab)
	r.visit(t, tab, chromedp.Navigate(shop+"/"),
		chromedp.Click(chromedp.CSS(`[data-sku="A-18"]`)),
		chromedp.Click(chromedp.CSS(`#add`)),
		chromedp.Click(chromedp.CSS(`#order`)),
		chromedp.Poll[chromedp.Void](`document.getElementById('said').textContent.startsWith('Thank you. Order order-')`))
	return r.har(t)
}

// recordLogin orders something in a shop behind a login, and returns what it recorded as
// HAR.
func recordLogin(t *testing.T, shop string) []byte {
	t.Helper()
	tab := chromium.Start(t)
	r := record(t, tab)
	r.visit(t, tab, chromedp.Navigate(shop+"/"))
	r.visit(t, tab, chromedp.SendKeys(chromedp.CSS("#email"), shopEmail), chromedp.SendKeys(chromedp.CSS("#password"), shopPassword),
		chromedp.Click(chromedp.CSS("#go")), chromedp.WaitReady(chromedp.CSS("#mug")))
	r.visit(t, tab, chromedp.Click(chromedp.CSS("#mug")), chromedp.WaitReady(chromedp.CSS("#add")))
	r.visit(t, tab, chromedp.Click(chromedp.CSS("#add")), chromedp.WaitReady(chromedp.CSS("#pay")))
	r.visit(t, tab, chromedp.SendKeys(chromedp.CSS("#card"), shopCard), chromedp.SendKeys(chromedp.CSS("#cvc"), shopCVC),
		chromedp.Click(chromedp.CSS("#pay")), chromedp.WaitReady(chromedp.CSS("#thanks")))
	return r.har(t)
}

func (r *recorder) har(t *testing.T) []byte {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := []any{}
	for _, one := range r.order {
		entries = append(entries, one.entry())
	}
	text, err := json.MarshalIndent(map[string]any{"log": map[string]any{"version": "1.2", "creator": map[string]any{"name": "WebInspector", "version": "537.36"},
		"pages": []any{map[string]any{"id": "page_1", "title": "shop"}}, "entries": entries}}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (one *recorded) entry() map[string]any {
	headers, came := pairs(one.sent.Request.Headers), pairs(one.came)
	if one.headers != nil {
		headers = pairs(one.headers)
	}
	request := map[string]any{"method": one.sent.Request.Method, "url": one.sent.Request.URL, "headers": headers, "cookies": []any{}, "queryString": []any{}}
	if len(one.sent.Request.PostDataEntries) > 0 {
		request["postData"] = map[string]any{"mimeType": one.sent.Request.Headers["Content-Type"], "text": string(one.sent.Request.PostDataEntries[0].Bytes)}
	}
	response := map[string]any{"status": 0, "headers": came, "cookies": []any{}, "redirectURL": "", "content": map[string]any{"size": 0, "mimeType": "x-unknown"}}
	if a := one.answer; a != nil && !one.failed {
		if one.came == nil {
			came = pairs(a.Headers)
		}
		response = map[string]any{"status": a.Status, "headers": came, "cookies": []any{}, "redirectURL": "",
			"content": map[string]any{"size": len(one.body), "mimeType": a.MimeType, "text": string(one.body)}}
	}
	started := time.UnixMicro(int64(one.sent.WallTime.Float64() * 1e6))
	return map[string]any{"_resourceType": string(one.sent.Type), "pageref": "page_1", "startedDateTime": started.UTC().Format("2006-01-02T15:04:05.000Z"),
		"time": 1000 * float64(one.ended), "request": request, "response": response}
}

func pairs(h network.Headers) []map[string]string {
	list := []map[string]string{}
	for name, value := range h {
		list = append(list, map[string]string{"name": name, "value": fmt.Sprint(value)})
	}
	return list
}
