package notify

import "strings"

// slack sends messages to an incoming webhook.
type slack struct{ url string }

// What Slack takes, in UTF-16 units.
const (
	slackHeader  = 150
	slackSection = 3000
	slackContext = 2000
)

// A slackMessage is the body of a request to an incoming webhook.
type slackMessage struct {
	Text        string       `json:"text"` // in notifications, and for those who cannot see blocks
	Mrkdwn      bool         `json:"mrkdwn"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
	Blocks      []slackBlock `json:"blocks"`
}

// A slackBlock is a header or a section with a text, or a context with elements.
type slackBlock struct {
	Type     string       `json:"type"`
	Text     *slackPlain  `json:"text,omitempty"`
	Elements []slackPlain `json:"elements,omitempty"`
}

// A slackPlain is a text that Slack does not format.
type slackPlain struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji bool   `json:"emoji"`
}

func slackPlainText(text string, most int) slackPlain {
	return slackPlain{Type: "plain_text", Text: fit(text, most, slackText)}
}

func (s slack) requests(m *Message) []request {
	title, where := slackPlainText(m.Summary, slackHeader), slackPlainText(m.where()+", run "+m.Run, slackContext)
	blocks := []slackBlock{{Type: "header", Text: &title}}
	var lines []string
	for _, f := range m.Facts {
		lines = append(lines, f.Name+": "+f.Text)
	}
	if lines != nil {
		facts := slackPlainText(strings.Join(lines, "\n"), slackSection)
		blocks = append(blocks, slackBlock{Type: "section", Text: &facts})
	}
	blocks = append(blocks, slackBlock{Type: "context", Elements: []slackPlain{where}})
	return []request{post(s.url, jsonType, nil, slackMessage{Text: fit(m.title(), slackSection, slackText), Blocks: blocks})}
}

// where says what system the message is about: "checkout on staging-eu".
func (m *Message) where() string { return m.System + " on " + m.Environment }

// title is the message in one line that stands alone.
func (m *Message) title() string { return "blastgauge: " + m.where() + ": " + m.Summary }
