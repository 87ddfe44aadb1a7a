package server

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Rotation must reach whatever the schema calls sealed, or a dropped key would
// take data with it.
func TestRotationReachesEverySealedColumn(t *testing.T) {
	files, err := filepath.Glob("../database/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var schema []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		schema = append(schema, text...)
	}
	reached := map[string]bool{
		// Gone within the hour, long before a key is dropped.
		"verifications.email_sealed": true, "device_codes.address_sealed": true, "device_codes.user_agent_sealed": true,
	}
	for _, column := range sealedColumns() {
		reached[column.Table+"."+column.Name] = true
	}
	found := 0
	for _, table := range regexp.MustCompile(`(?s)create table (\w+) \((.*?)\n\);`).FindAllSubmatch(schema, -1) {
		for _, column := range regexp.MustCompile(`(?m)^\s+(\w+_sealed)\s`).FindAllSubmatch(table[2], -1) {
			found++
			if name := string(table[1]) + "." + string(column[1]); !reached[name] {
				t.Errorf("key rotation does not reach %s", name)
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d sealed columns were found in the schema", found)
	}
}
