package linked

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// licence is one that may be linked into a program under Apache-2.0.
type licence struct {
	id     string
	text   *regexp.Regexp // its words, see plain; who holds the copyright is left open
	digest string         // of a long text, of which the pattern has only both ends: see digestOf
}

var licences = []licence{
	{"MIT", words(`permission is hereby granted free of charge to any person obtaining a copy of this
		software and associated documentation files the software to deal in the software without
		restriction including without limitation the rights to use copy modify merge publish
		distribute sublicense and or sell copies of the software and to permit persons to whom the
		software is furnished to do so subject to the following conditions the above copyright
		notice and this permission notice shall be included in all copies or substantial portions
		of the software the software is provided as is without warranty of any kind express or
		implied including but not limited to the warranties of merchantability fitness for a
		particular purpose and noninfringement in no event shall the authors or copyright holders
		be liable for any claim damages or other liability whether in an action of contract tort
		or otherwise arising from out of or in connection with the software or the use or other
		dealings in the software`), ""},
	{"BSD-2-Clause", words(bsdGrant + bsdDisclaimer), ""},
	{"BSD-3-Clause", words(bsdGrant + `(?:3 )?neither the name of (?:\w+ ){1,8}nor the names of its
		(?:\w+ and )?contributors may be used to endorse or promote products derived from this
		software without specific prior written permission ` + bsdDisclaimer), ""},
	{"ISC", words(`permission to use copy modify and or distribute this software for any purpose with or
		without fee is hereby granted provided that the above copyright notice and this permission
		notice appear in all copies the software is provided as is and the author disclaims all
		warranties with regard to this software including all implied warranties of
		merchantability and fitness in no event shall the author be liable for any special direct
		indirect or consequential damages or any damages whatsoever resulting from loss of use
		data or profits whether in an action of contract negligence or other tortious action
		arising out of or in connection with the use or performance of this software`), ""},
	{"Apache-2.0", words(`apache license version 2 0 january 2004 .* accepting any such warranty or additional liability`),
		"52b32e300a0ecb69de8550f9e383823fecaafcb14d030c20f401dc676b61a38b"},
	{"Apache-2.0", words(apacheNotice), ""},
}

const (
	bsdGrant = `redistribution and use in source and binary forms with or without modification are
		permitted provided that the following conditions are met (?:1 )?redistributions of source
		code must retain the above copyright notice this list of conditions and the following
		disclaimer (?:2 )?redistributions in binary form must reproduce the above copyright notice
		this list of conditions and the following disclaimer in the documentation and or other
		materials provided with the distribution `
	bsdDisclaimer = `this software is provided by the copyright holders and contributors as is and any
		express or implied warranties including but not limited to the implied warranties of
		merchantability and fitness for a particular purpose are disclaimed in no event shall the
		copyright (?:owner|holder) or contributors be liable for any direct indirect incidental
		special exemplary or consequential damages including but not limited to procurement of
		substitute goods or services loss of use data or profits or business interruption however
		caused and on any theory of liability whether in contract strict liability or tort
		including negligence or otherwise arising in any way out of the use of this software even
		if advised of the possibility of such damage`
	apacheNotice = `licensed under the apache license version 2 0 the license you may not use this file
		except in compliance with the license you may obtain a copy of the license at http www
		apache org licenses license 2 0 unless required by applicable law or agreed to in writing
		software distributed under the license is distributed on an as is basis without warranties
		or conditions of any kind either express or implied see the license for the specific
		language governing permissions and limitations under the license`
)

// terms are words that permit or forbid: none of them may be in what is left of a file
// when the known licences are taken out.
var terms = regexp.MustCompile(`\b(permi\w+|redistribut\w+|grant\w*|warrant\w*|liab\w+|sell\w*|commercial\w*|restrict\w*|gpl\w*|general public|mozilla|creative commons|commons clause)\b`)

// classify returns the SPDX identifiers of the licences that the text consists of, sorted.
// Titles and copyrights may stand around them, other terms may not.
func classify(text string) ([]string, error) {
	rest := plain(text)
	var found []string
	for _, licence := range licences {
		if body := licence.text.FindString(rest); body != "" && (licence.digest == "" || licence.digest == digestOf(body)) {
			found = append(found, licence.id)
			rest = licence.text.ReplaceAllString(rest, " ")
		}
	}
	if len(found) == 0 {
		return nil, errors.New("it is no licence that may be linked: read it, and leave the module out or teach tools/internal/linked the licence")
	}
	if term := terms.FindString(rest); term != "" {
		return nil, fmt.Errorf("it is %s and has terms beside, with the word %q: read it, and leave the module out or teach tools/internal/linked the licence", strings.Join(found, " and "), term)
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// digestOf passes over words of one sign: some copies have lost the (a), (b) and (c) before
// conditions.
func digestOf(body string) string {
	words := slices.DeleteFunc(strings.Fields(body), func(word string) bool { return len(word) == 1 })
	sum := sha256.Sum256([]byte(strings.Join(words, " ")))
	return hex.EncodeToString(sum[:])
}

var signs = regexp.MustCompile(`[^a-z0-9]+`)

// plain leaves the words, in small letters, with one space between them.
func plain(text string) string {
	return strings.TrimSpace(signs.ReplaceAllString(strings.ToLower(text), " "))
}

// words is the pattern with its lines joined.
func words(pattern string) *regexp.Regexp {
	return regexp.MustCompile(strings.Join(strings.Fields(pattern), " "))
}
