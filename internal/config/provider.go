package config

import (
	"path"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/configs/billing"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// machinesMax is the largest number of machines, or of a pool's nodes, that a limit
// can be set to.
const machinesMax = 10000

func readProvider(s *section) Provider {
	defer s.close()
	s.require("type", "gp_service_code", "access_key", "secret_key")
	p := Provider{
		Name:          s.name,
		Type:          read(s, "type", "gp", oneOf("gp")),
		Endpoint:      read(s, "endpoint", "https://gp.api.iij.jp/json", apiEndpoint),
		GpServiceCode: read(s, "gp_service_code", "", gpServiceCode),
		AccessKey:     read(s, "access_key", secret.Secret{}, referring(s.env.confidential)),
		SecretKey:     read(s, "secret_key", secret.Secret{}, referring(s.env.confidential)),

		CallsPerSecond: read(s, "calls_per_second", 2, positive(50)),
		CallTimeout:    read(s, "call_timeout", 200*time.Second, duration(instant, time.Hour)),
		PollMoving:     read(s, "poll_moving", 10*time.Second, duration(instant, time.Hour)),
		PollIdle:       read(s, "poll_idle", time.Minute, duration(instant, time.Hour)),
		StaleRead:      read(s, "stale_read", 2*time.Minute, duration(0, time.Hour)),
		SettleWindow:   read(s, "settle_window", 10*time.Minute, duration(instant, 24*time.Hour)),
		AbsenceAfter:   read(s, "absence_after", 30*time.Second, duration(instant, time.Hour)),
		MachinesMax:    read(s, "machines_max", 0, whole(0, machinesMax)),
		PaidPeriod:     read(s, "paid_period", "day", oneOf("day", "month")),
		NoticeDays:     read(s, "notice_days", 0, whole(0, 31)),
		Billing:        read(s, "billing", "", billingModel),
	}
	if p.GpServiceCode != "" {
		s.claimAccount(p)
	}
	return p
}

// claimAccount reports a main contract that another provider of the file has
// already: orders are made one by one for each provider, so each would take what
// the other buys for its own.
func (s *section) claimAccount(p Provider) {
	account := strings.TrimSuffix(strings.TrimSuffix(p.Endpoint, "/json"), "/xml") + " " + p.GpServiceCode
	if owner, taken := s.accounts[account]; taken {
		s.fault("gp_service_code", "%s belongs to %s: let its groups use that provider", words.Shown(p.GpServiceCode), owner)
		return
	}
	s.accounts[account] = s.path
}

// billingModel accepts the name of a model that comes with the program, or the path of a
// file, which is read where its prices are used.
var billingModel = parser[string]{parseBillingModel, func() Shape {
	return Shape{
		Range:   "`" + strings.Join(billingModels(), "`, `") + "`, or the absolute path of a file",
		Pattern: `^(?:/.*|` + strings.Join(billingModels(), "|") + `)$`,
	}
}}

func parseBillingModel(value string) (string, error) {
	if strings.ContainsAny(value, "/.") {
		return absolutePath.parse(value)
	}
	return oneOf(billingModels()...).parse(value)
}

func billingModels() (names []string) {
	files, _ := billing.Files.ReadDir(".") // they are in the program
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file.Name(), path.Ext(file.Name())))
	}
	return names
}
