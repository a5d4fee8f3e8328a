// Evaluates rules with OPA itself: one JSON request a line on standard input, one answer a line on standard output.
//
//	{"modules": {"x.rego": "package ..."}, "query": "data.kubelint.x.findings", "inputs": [{...}]}  ->  {"answers": [[...]]} or {"error": "..."}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"

	"github.com/open-policy-agent/opa/v1/rego"
)

type request struct {
	Modules map[string]string `json:"modules"`
	Query   string            `json:"query"`
	Inputs  []any             `json:"inputs"`
}

type answer struct {
	Answers []any  `json:"answers"`
	Error   string `json:"error,omitempty"`
}

func evaluate(line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	options := []func(*rego.Rego){rego.Query(asked.Query), rego.StrictBuiltinErrors(true)}
	for name, source := range asked.Modules {
		options = append(options, rego.Module(name, source))
	}
	ctx := context.Background()
	query, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return answer{Error: err.Error()}
	}
	answers := make([]any, 0, len(asked.Inputs))
	for _, input := range asked.Inputs {
		results, err := query.Eval(ctx, rego.EvalInput(input))
		if err != nil {
			return answer{Error: err.Error()}
		}
		if len(results) == 0 {
			answers = append(answers, nil)
			continue
		}
		answers = append(answers, results[0].Expressions[0].Value)
	}
	return answer{Answers: answers}
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			if err := out.Encode(evaluate(line)); err != nil {
				os.Exit(1)
			}
		}
		if err != nil {
			return
		}
	}
}
