package gpsim

// checkCapacity refuses an order of machines for which a location has no host.
func (c *call) checkCapacity(locations []string) *refusal {
	if len(c.options.Capacity) == 0 {
		return nil
	}
	used := map[string]int{}
	for _, m := range c.state.Machines {
		if !m.ended() {
			used[m.Location]++
		}
	}
	for _, location := range locations {
		used[location]++
		if most, limited := c.options.Capacity[location]; limited && used[location] > most {
			return outOfCapacity("The location %s has no room for another virtual machine.", location)
		}
	}
	return nil
}
