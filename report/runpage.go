package report

import (
	"os"
	"path/filepath"
)

// RunPage is the name of the page that every run leaves beside its journal.
const RunPage = "report.html"

// PageOf is the absolute path of the page of a run, by its directory or by the file that its
// result was read from. It is empty where there is none.
func PageOf(run string) string {
	page := run
	if info, err := os.Stat(run); err == nil && info.IsDir() {
		page = filepath.Join(run, RunPage)
	} else if filepath.Ext(run) != filepath.Ext(RunPage) {
		page = filepath.Join(filepath.Dir(run), RunPage)
	}
	if info, err := os.Stat(page); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	page, err := filepath.Abs(page)
	if err != nil {
		return ""
	}
	return page
}
