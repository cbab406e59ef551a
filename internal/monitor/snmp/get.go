package snmp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// answer is what an agent said at one moment.
type answer struct {
	at     time.Time     // when it was received
	uptime time.Duration // of the agent, in steps of 10 ms; starts again after 497 days
	values []Value       // one for each object asked
}

// get asks for the objects, numeric OIDs with a leading dot. An error means that
// the agent could not be read at all. When its answer has no room for so many, the
// question is halved until it has, and the number is remembered.
func (c *call) get(ctx context.Context, objects []string) (answer, error) {
	var whole answer
	for len(objects) > 0 {
		part := objects[:min(int(c.fits), len(objects))]
		got, err := c.getPart(ctx, part)
		switch {
		case errors.Is(err, errTooBig) && len(part) > 1:
			c.fits = uint8((len(part) + 1) / 2)
			continue
		case err != nil:
			return answer{}, err
		case whole.values == nil:
			whole.at, whole.uptime = got.at, got.uptime
		case got.uptime < whole.uptime:
			return answer{}, errRestartedMeanwhile
		}
		whole.values = append(whole.values, got.values...)
		objects = objects[len(part):]
	}
	return whole, nil
}

var (
	errTooBig             = errors.New("the agent says that its answer would be too big: raise the longest message that it may send")
	errRestartedMeanwhile = errors.New("the agent restarted while it was read: the next reading counts")
)

// getPart asks for the objects in one PDU. A v1 agent refuses a PDU for one object
// that it lacks; the others are then asked again.
func (c *call) getPart(ctx context.Context, objects []string) (answer, error) {
	lacks := make([]bool, len(objects))
	for {
		asked, places := []string{sysUpTime}, []int(nil) // an object can be asked for in several places
		for i, object := range objects {
			if !lacks[i] {
				asked, places = append(asked, object), append(places, i)
			}
		}
		got, err := c.ask(ctx, gosnmp.GetRequest, asked, 0, func(got reply) error { return exactly(got, asked) })
		if err != nil {
			return answer{}, err
		}
		if index := int(got.ErrorIndex) - 2; got.Error == gosnmp.NoSuchName && c.options.Version == "v1" && index >= 0 && index < len(places) {
			lacks[places[index]] = true
			continue
		}
		return gather(got, lacks)
	}
}

// exactly says that the answer has the objects asked, in their order.
func exactly(got reply, asked []string) error {
	if len(got.Variables) != len(asked) {
		return dropf(dropObjects, "it has %d objects, %d were asked", len(got.Variables), len(asked))
	}
	for i, variable := range got.Variables {
		if variable.Name != asked[i] {
			return dropf(dropObjects, "it has object %s, asked was %s", variable.Name, asked[i])
		}
	}
	return nil
}

// gather makes values of an answer that lacks some of the objects.
func gather(got reply, lacks []bool) (answer, error) {
	uptime, err := uptimeOf(got)
	if err != nil {
		return answer{}, err
	}
	part := answer{at: got.at, uptime: uptime, values: make([]Value, len(lacks))}
	variables := got.Variables[1:]
	for i, lacking := range lacks {
		if lacking {
			part.values[i] = noValue(policy.Absent, errors.New("the agent has no such object, or none that v1 can tell"))
			continue
		}
		part.values[i] = valueOf(variables[0])
		variables = variables[1:]
	}
	return part, nil
}

// uptimeOf is what the answer's first object says.
func uptimeOf(got reply) (time.Duration, error) {
	switch got.Error {
	case gosnmp.NoError:
	case gosnmp.TooBig:
		return 0, errTooBig
	default:
		return 0, fmt.Errorf("the agent refused the request: error-status %d (%s); allow these objects in its view", uint8(got.Error), got.Error)
	}
	ticks, ok := got.Variables[0].Value.(uint32)
	if !ok || got.Variables[0].Type != gosnmp.TimeTicks {
		return 0, errors.New("the agent does not tell sysUpTime.0, so counters could not be trusted: allow .1.3.6.1.2.1.1 in its view")
	}
	return time.Duration(ticks) * hundredth, nil
}
