package config

// Shadow is a second set of rules for a group, which decides beside it and acts on nothing.
type Shadow struct {
	Policies []Policy // in the order of the file
	ScaleOut ScaleOut // of which only the limits count; default: those of the group
	ScaleIn  ScaleIn  // likewise
}

func readShadow(s *section, g Group, known definitions) *Shadow {
	defer s.close()
	s.require("policies")
	shadow := &Shadow{Policies: readPolicies(s, g, known), ScaleOut: g.ScaleOut, ScaleIn: g.ScaleIn}
	if s.has("scale_out") {
		shadow.ScaleOut = readScaleOut(s.section("scale_out"))
	}
	if s.has("scale_in") {
		shadow.ScaleIn = readScaleIn(s.section("scale_in"), g.Max)
	}
	return shadow
}
