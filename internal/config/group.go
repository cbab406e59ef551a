package config

import (
	"fmt"
	"time"
)

// maxInstances is the largest size that a group can be given.
const maxInstances = 1000

func readGroup(s *section, known definitions) Group {
	defer s.close()
	s.require("provider", "min", "max", "policies")
	s.about.require("template") // whose own keys the loader reports
	g := Group{
		Name:     s.name,
		Provider: read(s, "provider", "", reference("provider", known.providers)),
		Mode:     Mode(read(s, "mode", string(ModeRecommend), oneOf(string(ModeRecommend), string(ModeOutOnly), string(ModeAct)))),
		Min:      read(s, "min", 0, whole(0, maxInstances)),
		Max:      read(s, "max", maxInstances, whole(1, maxInstances)),
		Interval: read(s, "interval", 10*time.Second, duration(instant, time.Hour)),
		ScaleOut: readScaleOut(s.section("scale_out")),
		Launch:   readLaunch(s.section("launch")),
		Health:   readHealth(s.section("health")),
		Rollout:  readRollout(s.section("rollout")),
		Drift:    readDrift(s.section("drift")),
	}
	if g.Min > g.Max {
		s.fault("min", "%d is larger than max (%d): lower min or raise max", g.Min, g.Max)
	}
	g.ScaleIn = readScaleIn(s.section("scale_in"), g.Max)
	g.Balancers = readBalancers(s)
	g.Template = readTemplate(s.section("template"), g.Balancers)
	g.Ready = readReady(s.section("ready"), g.Balancers)
	g.Signals = readSignals(s, known, g.Interval)
	g.Policies = readPolicies(s, g, known)
	if s.has("shadow") {
		g.Shadow = readShadow(s.section("shadow"), g, known)
	}
	g.Traps = readTrapRules(s, known.traps)
	g.Hooks = readHooks(s, g.Launch)
	return g
}

// Gap is how long the group may go without data before that counts as an interruption
// of its stabilization windows.
func (g Group) Gap() time.Duration { return 3*g.Interval + g.ScaleIn.Stabilization/10 }

// Acts says that the group's decisions are carried out.
func (g Group) Acts() bool { return g.Mode != ModeRecommend }

// size accepts a number of instances that the group may have, and at least the given one.
func (g Group) size(least int) parser[int] {
	if g.Min > g.Max { // reported already
		return whole(least, maxInstances)
	}
	within := whole(max(least, g.Min), g.Max)
	parse := func(value string) (int, error) {
		n, err := within.parse(value)
		if err != nil {
			err = fmt.Errorf("%w, within the group's min and max", err)
		}
		return n, err
	}
	return parser[int]{parse: parse}.shapedAs(whole(least, maxInstances))
}
