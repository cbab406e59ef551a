package config

import (
	"regexp"

	"github.com/autoscaled/autoscaled/internal/secret"
)

var (
	planType        = matching(regexp.MustCompile(`^[A-Za-z0-9._-]{1,32}$`), "a type of virtual machine: write for example V40", "such as `V40`")
	templateVersion = matching(regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`),
		"the version of a template: write up to 64 letters, digits, `.`, `_` and `-`", "up to 64 of A-Z, a-z, 0-9, `.`, `_` and `-`")
)

// notAttached is written as the fwlb of machines that no FW+LB is put in front of.
const notAttached = "none"

func readTemplate(s *section, balancers []Balancer) Template {
	defer s.close()
	s.require("source", "type")
	return Template{
		Source:       read(s, "source", "", gcServiceCode),
		Type:         read(s, "type", "", planType),
		SSHPublicKey: read(s, "ssh_public_key", secret.Secret{}, referringTo("secret, though a file may be readable by all", s.env.sshPublicKey)),
		Version:      read(s, "version", "", templateVersion),
		FwLb:         read(s, "fwlb", firstFwLb(balancers), fwlbOrNone),
	}
}

func firstFwLb(balancers []Balancer) string {
	if len(balancers) == 0 {
		return ""
	}
	return balancers[0].GlServiceCode
}

var fwlbOrNone = parser[string]{parseFwlbOrNone, like(`^(?:gl[0-9]{8}|`+notAttached+`)$`, "gl and 8 digits, or `"+notAttached+"`")}

func parseFwlbOrNone(value string) (string, error) {
	if value == notAttached {
		return "", nil
	}
	return glServiceCode.parse(value)
}
