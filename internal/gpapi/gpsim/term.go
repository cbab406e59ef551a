package gpsim

import "time"

// The contract statuses.
const (
	contractInPreparation = "InPreparation"
	contractInService     = "InService"
)

// term is the contract of one thing that is bought: a machine, a disk, an
// address, an FW+LB or a VLAN.
type term struct {
	From     time.Time `json:"from"`      // wall time of the order
	StopDate string    `json:"stop_date"` // YYYYMMDD in Japan; empty when no end is recorded
	To       time.Time `json:"to,omitzero"`

	ReadableAt  time.Time `json:"readable_at"`   // from when GetContractStatus knows it
	InServiceAt time.Time `json:"in_service_at"` // from when the contract is InService
}

// newTerm begins a contract that is in service after about the delay Prepare.
func (c *call) newTerm() term {
	return term{
		From:        c.wall,
		ReadableAt:  c.now.Add(c.jittered(c.options.Delays.EarlyStatus)),
		InServiceAt: c.now.Add(c.jittered(c.options.Delays.Prepare)),
	}
}

func (t *term) contract(at time.Time) string {
	if at.Before(t.InServiceAt) {
		return contractInPreparation
	}
	return contractInService
}

func (t *term) ended() bool { return !t.To.IsZero() }

// terminate records the end of a contract that is to end with its last day.
func (t *term) terminate(at time.Time) {
	if !t.ended() {
		t.To = at
	}
}

// facts are the members that every contract shows in GetContractInformation.
func (t *term) facts(now time.Time) fields {
	return fields{{"Status", t.contract(now)}, {"StartDate", dateText(t.From)}, {"StopDate", t.StopDate}}
}

// bought is what has a contract of its own.
type bought interface {
	contractTerm() *term
	end(s *state, at instant) // does what follows upon the end of the contract
}

func (t *term) contractTerm() *term { return t }

// end has nothing to do: what is only looked up by its term is gone with it.
func (t *term) end(*state, instant) {}

// endContracts ends each contract whose StopDate has passed.
func (s *Sim) endContracts(at instant) {
	for {
		over, ok := s.state.ends.due(at.wall)
		if !ok {
			return
		}
		over.contractTerm().terminate(at.wall)
		over.end(s.state, at)
		s.dirty = true
	}
}

// readable refuses a contract that was ordered a moment ago, as the real service
// does.
func (c *call) readable(t *term, name string) *refusal {
	if c.now.Before(t.ReadableAt) {
		return wrongState("The contract %s cannot be read yet.", name)
	}
	return nil
}

// inService refuses a contract that has not begun.
func (c *call) inService(t *term, name string) *refusal {
	if t.contract(c.now) != contractInService {
		return wrongState("The contract %s is not in service yet.", name)
	}
	return nil
}

// stop records the day with which a contract in service ends.
func (c *call) stop(what bought, name string) *refusal {
	t := what.contractTerm()
	if why := c.inService(t, name); why != nil {
		return why
	}
	stopDate := c.text("StopDate")
	end, err := endOfDay(stopDate)
	switch {
	case err != nil:
		return invalid("The parameter StopDate must look like 20131030.")
	case isOver(stopDate, c.wall):
		return invalid("The StopDate %s has passed.", stopDate)
	case t.StopDate != "":
		return wrongState("The contract %s ends on %s already.", name, t.StopDate)
	}
	t.StopDate = stopDate
	c.state.ends.add(end, what)
	return nil
}

// endOfDay is the instant at which the day of a StopDate is over.
func endOfDay(stopDate string) (time.Time, error) {
	day, err := time.ParseInLocation(stopDateLayout, stopDate, japan)
	if err != nil {
		return time.Time{}, err
	}
	return day.AddDate(0, 0, 1), nil
}

// isOver says whether stopDate is set and its day has ended.
func isOver(stopDate string, wall time.Time) bool {
	end, err := endOfDay(stopDate)
	return err == nil && !wall.Before(end)
}

func dateText(t time.Time) string { return t.In(japan).Format(stopDateLayout) }
