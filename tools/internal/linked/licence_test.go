package linked

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	mit = `The MIT License (MIT)

Copyright (c) 2020 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the
Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A
PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION
OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`
	bsd2 = `Copyright 2020 Somebody. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the documentation and/or
   other materials provided with the distribution.
` + disclaimer
	disclaimer = `
THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT,
INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR
PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE)
ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
`
	isc = `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and
this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS.
IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR
PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`
)

// bsd3 has the clause on names between the conditions and the disclaimer.
var bsd3 = strings.Replace(bsd2, disclaimer, "* Neither the name of Somebody Inc. nor the names of its contributors may be used to endorse or promote products derived from this software without specific prior written permission.\n"+disclaimer, 1)

func apache(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestALicenceIsKnownByEveryWordOfIt(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]struct {
		text string
		want []string
	}{
		"MIT":                        {mit, []string{"MIT"}},
		"BSD with two clauses":       {bsd2, []string{"BSD-2-Clause"}},
		"BSD with three clauses":     {bsd3, []string{"BSD-3-Clause"}},
		"ISC":                        {isc, []string{"ISC"}},
		"Apache":                     {apache(t), []string{"Apache-2.0"}},
		"Apache without its letters": {strings.NewReplacer("(a)", "", "(b)", "", "(c)", "", "(d)", "").Replace(apache(t)), []string{"Apache-2.0"}},
		"two BSDs in one file":       {bsd2 + "\nParts come from elsewhere:\n" + bsd3, []string{"BSD-2-Clause", "BSD-3-Clause"}},
		"two others in one file":     {mit + "\n\n" + apache(t), []string{"Apache-2.0", "MIT"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := classify(is.text); err != nil || !slices.Equal(got, is.want) {
				t.Errorf("got %q and the error %v, want %q", got, err, is.want)
			}
		})
	}
}

func TestALicenceWithOtherTermsIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an empty file":                        "",
		"a copyright alone":                    "Copyright (c) 2020 Somebody. All rights reserved.",
		"copyleft":                             "Mozilla Public License Version 2.0\n\n1. Definitions",
		"a word changed in MIT":                strings.Replace(mit, "free of charge", "for a small charge", 1),
		"a sentence changed in Apache":         strings.Replace(apache(t), "perpetual", "revocable", 1),
		"a fourth clause in BSD":               strings.Replace(bsd3, disclaimer, "4. All advertising materials must display an acknowledgement.\n"+disclaimer, 1),
		"MIT with the Commons Clause":          mit + `Without limiting other conditions in the License, the grant of rights under the License will not include the right to Sell the Software.`,
		"MIT beside the GPL":                   mit + "or, at your choice, the GPLv3",
		"BSD for uses that earn nothing":       bsd3 + "Commercial use needs a separate agreement.",
		"a licence of somebody in front of it": "Permission is not granted to companies. For all others:\n" + mit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := classify(text); err == nil {
				t.Errorf("it is taken for %q", got)
			}
		})
	}
}
