package page

import (
	"net/url"
	"path/filepath"
)

// Address is the address of a file as seen from a page in a folder, both as absolute paths;
// empty where it has none.
func Address(folder, file string) string {
	if folder == "" || file == "" {
		return ""
	}
	path, err := filepath.Rel(folder, file)
	if err != nil {
		return ""
	}
	return (&url.URL{Path: filepath.ToSlash(path)}).String()
}
