package snmp

// memory remembers a bounded number of values. One more pushes out the oldest.
type memory[K comparable, V any] struct {
	most   int
	values map[K]V
	keys   []K // in the order in which they came; a ring once there are most
	oldest int // its place in keys
}

func newMemory[K comparable, V any](most int) *memory[K, V] {
	return &memory[K, V]{most: most, values: map[K]V{}}
}

func (m *memory[K, V]) get(key K) (value V, known bool) {
	value, known = m.values[key]
	return value, known
}

// put remembers the value. A key that is known already does not become younger.
func (m *memory[K, V]) put(key K, value V) {
	if _, known := m.values[key]; !known {
		m.makeRoom(key)
	}
	m.values[key] = value
}

func (m *memory[K, V]) makeRoom(key K) {
	if len(m.keys) < m.most {
		m.keys = append(m.keys, key)
		return
	}
	delete(m.values, m.keys[m.oldest])
	m.keys[m.oldest] = key
	m.oldest = (m.oldest + 1) % m.most
}
