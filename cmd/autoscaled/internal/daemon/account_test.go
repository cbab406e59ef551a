package daemon_test

import "testing"

func TestALineOfTheLogNamesItsAccountOnce(t *testing.T) {
	t.Parallel()
	d, logged, err := newScene(t).new(t, nil) // where nobody answers
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	failed := logged
	eventually(t, "a look has failed", func() bool {
		failed = logged.FilterMessageSnippet("look at the cloud failed")
		return failed.Len() > 0
	})
	times := 0
	for _, field := range failed.All()[0].Context {
		if field.Key == "account" && field.String == "gio" {
			times++
		}
	}
	if times != 1 {
		t.Errorf("it names it %d times", times)
	}
}
