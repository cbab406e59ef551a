package config

import "fmt"

func readPolicies(s *section, signals []Signal) []Policy {
	items := s.items("policies")
	if items != nil && len(items) == 0 {
		s.fault("policies", "there is no policy: add one")
	}
	policies := make([]Policy, 0, len(items))
	taken := map[string]bool{}
	for _, item := range items {
		policy := readPolicy(item, signals)
		switch {
		case policy.Target == nil: // reported already
			continue
		case policy.Name == "":
			policy.Name = freeName("target/"+policy.Target.Signal, taken)
		case taken[policy.Name]:
			item.fault("name", "`%s` is the name of an earlier policy: choose another", policy.Name)
		}
		taken[policy.Name] = true
		policies = append(policies, policy)
	}
	return policies
}

// freeName returns base, or base with the first number that makes it differ from
// what is taken. Base holds a slash, which a name of the file's author cannot.
func freeName(base string, taken map[string]bool) string {
	free := base
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s/%d", base, n)
	}
	return free
}

func readPolicy(s *section, signals []Signal) Policy {
	defer s.close()
	policy := Policy{Name: read(s, "name", "", name)}
	if s.choice("policy kind", "target") == "target" {
		policy.Target = readTarget(s.section("target"), signals)
	}
	return policy
}
