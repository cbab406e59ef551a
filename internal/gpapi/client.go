package gpapi

// Reader has the actions that change nothing. All methods block until the call
// budget allows them, and return errors of type [*Error].
type Reader struct{ account *account }

// NewReader returns a Reader with a budget of its own. Where a [Client] for the
// same account exists, use the Reader inside it instead, so that both share one.
func NewReader(options Options) (*Reader, error) {
	account, err := newAccount(options)
	if err != nil {
		return nil, err
	}
	return &Reader{account}, nil
}

// Client adds the actions that change something. Each is sent at most once; see
// [Error] for what its failures mean.
type Client struct{ *Reader }

// New returns a Client with the budget of its account. Make one for each
// account, and hand its Reader to whoever only looks.
func New(options Options) (*Client, error) {
	reader, err := NewReader(options)
	if err != nil {
		return nil, err
	}
	return &Client{reader}, nil
}
