package billing_test

import (
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// Two machines in February, at a price for the month that begun days share: one for all of it, the other for ten days.
func ExampleModel_Bill() {
	model, err := billing.Parse("ours.yaml", []byte(`
currency: JPY
zone: Asia/Tokyo
unit: month
price: "10000"
charge_by: day
anchor: calendar
stopped: full
tax: {rate: 10%}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	date := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, model.Zone) }
	bill := model.Bill([]billing.Contract{
		{Ordered: date(time.January, 5)},
		{Ordered: date(time.February, 11), Ended: date(time.February, 21)},
	}, date(time.February, 1), date(time.March, 1))
	fmt.Println(model.Text(bill.Net), "and", model.Text(bill.Tax), "of tax:", model.Text(bill.Total))
	fmt.Println(model.Text(bill.Days[0].Net), "on the first,", model.Text(bill.Days[10].Net), "on the eleventh")
	// Output:
	// ¥13,571 and ¥1,357 of tax: ¥14,928
	// ¥357 on the first, ¥714 on the eleventh
}
