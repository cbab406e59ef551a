package schedule_test

import (
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

func Example() {
	office, err := schedule.Parse(schedule.Spec{
		Cron: "0 8 * * 1-5", Until: "18:00", Zone: "Asia/Tokyo",
		Except: []string{"2026-11-23"}, // Labour Thanksgiving Day
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	friday := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	window, holds := office.At(friday)
	fmt.Println(holds, "until", window.End)
	next, _ := office.Next(window.End)
	fmt.Println("again from", next)
	// Output:
	// true until 2026-11-20 18:00:00 +0900 JST
	// again from 2026-11-24 08:00:00 +0900 JST
}
