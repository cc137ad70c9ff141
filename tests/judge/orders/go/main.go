// SPDX-License-Identifier: Apache-2.0

// Reads lines A<TAB>B and prints <, = or > as Go's own module versions are ordered, ? where it refuses one.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/semver"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		a, b, _ := strings.Cut(in.Text(), "\t")
		a, b = "v"+strings.TrimPrefix(a, "v"), "v"+strings.TrimPrefix(b, "v")
		if !semver.IsValid(a) || !semver.IsValid(b) {
			fmt.Println("?")
			continue
		}
		fmt.Println(string("<=>"[semver.Compare(a, b)+1]))
	}
}
