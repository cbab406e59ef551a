package actions

// Text is the phase in words.
func (p Phase) Text() string { return phaseTexts[p] }

var phaseTexts = map[Phase]string{
	Ordered:    "ordered",
	Preparing:  "being made",
	Unlabelled: "not labelled",
	Disputed:   "another's label",
	Unfit:      "to be overwritten",
	Unprepared: "not prepared",
	Busy:       "cloud is busy with it",
	Off:        "stopped",
	Starting:   "starting",
	Running:    "running",
	Unfinished: "a hook finishes it",
	Described:  "awaiting its probe",
	Ready:      "ready",
	PartPooled: "in some pools",
	InPool:     "in the pool",
	Stray:      "stray in a pool",
	Draining:   "draining",
	Parting:    "a hook closes it",
	Drained:    "drained",
	Stopping:   "stopping",
	Ending:     "contract ends",
	Gone:       "gone",
}

// Text is the doubt in words, of an account.
func (d Doubt) Text() string { return doubtTexts[d] }

var doubtTexts = map[Doubt]string{
	DoubtNone:      "normal",
	DoubtBlind:     "cannot be read",
	DoubtWrites:    "changes fail",
	DoubtTruncated: "listings lack machines",
	DoubtLagging:   "its status lags",
}

// Text says what was done to the instance.
func (k DriftKind) Text() string { return driftTexts[k] }

var driftTexts = map[DriftKind]string{
	DriftStopped:    "turned off by somebody else",
	DriftEnded:      "given an end by somebody else",
	DriftRelabelled: "relabelled by somebody else",
	DriftRemoved:    "taken out of the pool by somebody else",
	DriftAdded:      "put into the pool by somebody else",
	DriftStarted:    "turned on by somebody else",
}
