package soak

import (
	"encoding/json"
	"os"
	"time"
)

// archive makes the cloud forget what is over: the calls in its books and machines
// whose contracts have ended, having counted them. Otherwise the cloud would grow, and hide
// whether we do.
func (w *world) archive() {
	w.t.Helper()
	for _, call := range w.sim.Books().Calls {
		if call.Effect {
			w.story.effects[call.Action]++
		}
	}
	must(w.t, w.sim.Close())
	content, err := os.ReadFile(w.file)
	must(w.t, err)
	var state map[string]json.RawMessage
	must(w.t, json.Unmarshal(content, &state))
	var machines, living []json.RawMessage
	must(w.t, json.Unmarshal(state["machines"], &machines))
	for _, machine := range machines {
		var contract struct {
			To time.Time `json:"to"`
		}
		must(w.t, json.Unmarshal(machine, &contract))
		if contract.To.IsZero() {
			living = append(living, machine)
		}
	}
	state["machines"], err = json.Marshal(living)
	must(w.t, err)
	state["calls"] = json.RawMessage("[]")
	content, err = json.Marshal(state)
	must(w.t, err)
	must(w.t, os.WriteFile(w.file, content, 0o600))
	w.openCloud()
}
