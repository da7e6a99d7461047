package checkout

import "sync"

// recent is a map that forgets its oldest entries, so that a demo that runs
// for days does not grow. It is safe for concurrent use.
type recent[V any] struct {
	mu    sync.Mutex
	limit int
	byKey map[string]V
	order []string // keys, oldest first
}

func newRecent[V any](limit int) *recent[V] {
	return &recent[V]{limit: limit, byKey: make(map[string]V)}
}

// add stores v unless the key is known. It returns the stored value, and whether that
// was there before.
func (m *recent[V]) add(key string, v V) (stored V, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.byKey[key]; ok {
		return old, true
	}
	if len(m.order) == m.limit {
		delete(m.byKey, m.order[0])
		m.order = m.order[1:]
	}
	m.byKey[key] = v
	m.order = append(m.order, key)
	return v, false
}

func (m *recent[V]) get(key string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.byKey[key]
	return v, ok
}
