package actions

import (
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

func TestAnOrderIsCutToTheRoomThereIsAndRefusedByTheFirstCheckThatLeavesNone(t *testing.T) {
	t.Parallel()
	room := func(name string, room int) Check {
		return limited(name, room, 5, cloud.ClassQuota, "room for %d", room)
	}
	unknown := refused("unknown", errTransient)
	denied := refused("denied", cloud.Errorf(cloud.ClassDenied, "403"))
	for name, c := range map[string]struct {
		checks []Check
		want   int
		class  cloud.Class
	}{
		"no checks":                         {nil, 5, cloud.ClassNone},
		"none has a limit":                  {[]Check{passed("a", ""), passed("b", "")}, 5, cloud.ClassNone},
		"there is more room than is needed": {[]Check{room("a", 9)}, 5, cloud.ClassNone},
		"there is as much":                  {[]Check{room("a", 5)}, 5, cloud.ClassNone},
		"there is less":                     {[]Check{room("a", 3)}, 3, cloud.ClassNone},
		"the least counts":                  {[]Check{room("a", 4), room("b", 2), room("c", 3)}, 2, cloud.ClassNone},
		"there is none":                     {[]Check{room("a", 4), room("b", 0)}, 0, cloud.ClassQuota},
		"there is less than none":           {[]Check{room("a", -3)}, 0, cloud.ClassQuota},
		"the first that blocks names why":   {[]Check{denied, room("b", 0)}, 0, cloud.ClassDenied},
		"one that was not made":             {[]Check{unknown}, 0, cloud.ClassTransient},
	} {
		got, err := affordable(c.checks, 5)
		if got != c.want || cloud.ClassOf(err) != c.class {
			t.Errorf("%s: %d, %v, want %d and %s", name, got, err, c.want, c.class)
		}
	}
}
