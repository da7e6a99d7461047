package experiments

import (
	"errors"
	"path/filepath"

	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Data is a file of rows, of which each journey has one as long as it is under way, as
// ${data.COLUMN}. No other journey in flight has the same row, whatever its arm and its
// kind.
type Data struct {
	File    string      `json:"file"` // as the document names it, relative to its folder
	Order   Order       `json:"order,omitempty"`
	Digest  string      `json:"digest"` // of the file
	Columns []string    `json:"columns"`
	Rows    int         `json:"rows"`
	Table   *rows.Table `json:"-"` // one for all journeys with the same file; nil where a plan was read from a journal
}

// Order says which row a journey is given.
type Order string

// The orders.
const (
	InTurn   Order = "in_turn" // the next that is free, from the first to the last; the default
	AtRandom Order = "random"
)

// column begins the name of a variable that is a column of the journey's data.
const column = "data."

// dataShape is the name of a data file, or a mapping with it.
func dataShape(to **Data, env environment) shape.Shape {
	return shape.Optional[Data]{To: to, Item: func(data *Data) shape.Shape {
		file := env.in(dataFile{data, env})
		return shape.ByKind{Want: "a file such as users.csv, or a mapping such as {file: users.csv, order: random},", Scalar: file, Mapping: shape.Fields{
			{Name: "file", Doc: "CSV with a header line, or JSON lines (.jsonl), relative to this document", Shape: file, Required: true},
			{Name: "order", Doc: "in_turn: the next row that is free (the default); random: any that is free, as the seed says",
				Shape: shape.Enum(&data.Order, "a row order", InTurn, AtRandom)},
		}}
	}}
}

// A dataFile is the name of a data file, which is read at once.
type dataFile struct {
	to  *Data
	env environment
}

func (f dataFile) Read(d *shape.Document, n shape.Node, path string) {
	before := d.Count()
	shape.Text(&f.to.File).Read(d, n, path)
	if d.Count() > before {
		return
	}
	if wrong, missing := missingFile(f.to.File, f.env.pathOf(f.to.File)); missing {
		d.Fail(n, wrong)
		return
	}
	table, err := f.env.table(f.to.File)
	if err != nil {
		wrong := shape.Diagnostic{Msg: err.Error()}
		if e, ok := errors.AsType[*rows.Error](err); ok {
			wrong.Hint = e.Hint
		}
		d.Fail(n, wrong)
		return
	}
	f.to.Table, f.to.Digest, f.to.Columns, f.to.Rows = table, table.Digest(), table.Columns(), table.Len()
}

func (f dataFile) Schema() shape.Object {
	return shape.Pattern(`\.([cC][sS][vV]|[jJ][sS][oO][nN][lL]|[nN][dD][jJ][sS][oO][nN])$`, "users.csv", "users.jsonl")
}

// pathOf returns where a file is that a document names.
func (e environment) pathOf(name string) string {
	file := filepath.FromSlash(name)
	if !filepath.IsAbs(file) {
		file = filepath.Join(e.folder, file)
	}
	return filepath.Clean(file)
}

// table reads a data file that a document names, each once.
func (e environment) table(name string) (*rows.Table, error) {
	file := e.pathOf(name)
	if known, ok := e.tables[file]; ok {
		return known, nil
	}
	table, err := rows.Read(file, name)
	if err == nil && e.tables != nil {
		e.tables[file] = table
	}
	return table, err
}

// addColumns adds the columns of a journey's data to the variables that its steps may
// use. It reports false where they are not known, because the file is wrong.
func (j *Journey) addColumns(variables map[string]bool) (known bool) {
	if j.Data == nil {
		return true
	}
	for _, name := range j.Data.Columns {
		variables[column+name] = true
	}
	return j.Data.Table != nil
}
