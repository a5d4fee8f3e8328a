// Reads documents from standard input, each preceded by its length in bytes on a line of its own, and writes for each one line:
// {"value": ...} as sigs.k8s.io/yaml and then k8s.io/apimachinery's number conversion would give it, or {"error": "..."}.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return
		}
		length, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		document := make([]byte, length)
		if _, err := io.ReadFull(in, document); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Write(answer(document))
		out.WriteByte('\n')
	}
}

func answer(document []byte) []byte {
	converted, err := yaml.YAMLToJSON(document)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(converted))
		decoder.UseNumber()
		var value any
		if err = decoder.Decode(&value); err == nil {
			var encoded []byte
			if encoded, err = json.Marshal(map[string]any{"value": numbers(value)}); err == nil {
				return encoded
			}
		}
	}
	encoded, _ := json.Marshal(map[string]any{"error": err.Error()})
	return encoded
}

// As k8s.io/apimachinery/pkg/util/json: an integer that fits is one, every other number is a float.
func numbers(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = numbers(value[key])
		}
	case []any:
		for index := range value {
			value[index] = numbers(value[index])
		}
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return whole
		}
		float, _ := value.Float64()
		return float
	}
	return value
}
