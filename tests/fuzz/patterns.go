// Reads {"pattern": ..., "texts": [...]} one after the other, and tells what Go's regexp makes of each.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
)

type question struct {
	Pattern string
	Texts   []string
}

type answer struct {
	Error string `json:"error"`
	Found []bool `json:"found"`
}

func main() {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var asked question
		if in.Decode(&asked) != nil {
			return
		}
		told := answer{Found: []bool{}}
		if expression, err := regexp.Compile(asked.Pattern); err != nil {
			told.Error = err.Error()
		} else {
			for _, text := range asked.Texts {
				told.Found = append(told.Found, expression.MatchString(text))
			}
		}
		json.NewEncoder(out).Encode(told)
	}
}
