package pipeline

import _ "embed"

// Schema is the JSON Schema of the files, for editors. [Read] checks more than it says.
//
//go:embed schema.json
var Schema []byte
