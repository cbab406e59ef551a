package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var staticFiles embed.FS

// asset is a file that pages load. Its name holds a digest of its contents, so that it
// may be kept for ever.
type asset struct {
	body []byte
	kind string
	tag  string
}

var contentTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".LICENSE": "text/plain; charset=utf-8",
}

// assets are the files by their public name, and assetNames those names by the files' own.
var assets, assetNames = readAssets()

func readAssets() (map[string]asset, map[string]string) {
	files, names := map[string]asset{}, map[string]string{}
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err) // it is part of the program
	}
	for _, entry := range entries {
		body, err := staticFiles.ReadFile("static/" + entry.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		tag := hex.EncodeToString(sum[:8])
		extension := path.Ext(entry.Name())
		public := strings.TrimSuffix(entry.Name(), extension) + "." + tag + extension
		files[public] = asset{body: body, kind: contentTypes[extension], tag: fmt.Sprintf("%q", tag)}
		names[entry.Name()] = public
	}
	return files, names
}

// assetPath is where pages load a file from.
func assetPath(name string) (string, error) {
	public, ok := assetNames[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %s", name)
	}
	return "/static/" + public, nil
}

func serveStatic(w http.ResponseWriter, r *http.Request) {
	file, ok := assets[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.kind)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("ETag", file.tag)
	header.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.body))
}
