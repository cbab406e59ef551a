package policy

// Combine lets tests join recommendations that no target makes yet, such as an abstention.
var Combine = combine
